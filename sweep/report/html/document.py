"""The whole report as one file: no network, no library; it can be read without the script, and printed."""

from __future__ import annotations

from collections.abc import Sequence

from sweep.analysis import Analysis
from sweep.ledger.state import SweepState
from sweep.report.html import sections
from sweep.report.html.known import Known
from sweep.report.html.templating import own_text, render

_SECTIONS = {
    "curve": ("Curve", sections.ratio_curve),
    "learning": ("Learning curves", sections.learning),
    "comparison": ("Fair comparison", sections.fair_comparison),
    "classes": ("Classes", sections.classes),
    "checks": ("Controls and audit", sections.checks),
    "images": ("Realised ratios", sections.images),
    "times": ("Time", sections.times),
    "next": ("What to run next", sections.proposals),
    "making": ("How it was made", sections.making),
}
"""By id on the page: the word in its list of contents, and who writes it."""


def html_page(state: SweepState, analysis: Analysis, files: Sequence[str] = ()) -> str:
    """The page. `analysis` is that of the state; `files` lie beside the page and are linked.

    Whatever a user gave is escaped. The same state gives the same page.
    """
    known = Known(state, analysis, tuple(files))
    page = render(
        "page.html",
        name=state.created.name,
        style=own_text("report.css"),
        script=own_text("report.js"),
        head=sections.verdict(known),
        contents=[(key, title) for key, (title, _) in _SECTIONS.items()],
        parts=[(key, write(known)) for key, (_, write) in _SECTIONS.items()],
    )
    return str(page)
