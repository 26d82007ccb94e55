"""Whether the numbers can be trusted: controls, what early stopping risked, whether rungs predict the end."""

from __future__ import annotations

from markupsafe import Markup

from sweep.report.audit_words import audit_section
from sweep.report.controls import control_rows, control_verdicts, controls_lines
from sweep.report.fits import Grid
from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.stopped import failed_section, stopped_section
from sweep.results import metric_of


def checks(known: Known) -> Markup:
    """Controls first."""
    state = known.state
    verdicts = control_verdicts(state)
    headings = (
        "control",
        "real_ratio",
        "seeds",
        metric_of(state),
        "difference from all real (95 % interval)",
    )
    rows = tuple(map(tuple, control_rows(verdicts)))
    sections = [known.fits[3], audit_section(state), stopped_section(state), failed_section(state)]
    return render(
        "checks.html",
        controls=controls_lines(state),
        grid=Grid(headings, rows) if rows else None,
        sections=[section for section in sections if section is not None],
    )
