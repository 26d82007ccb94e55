"""What to run next."""

from __future__ import annotations

from markupsafe import Markup

from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.proposals import next_section


def proposals(known: Known) -> Markup:
    """The first few, and the command that writes them down."""
    section = next_section(known.state, known.analysis)
    return render("proposals.html", section=section, name=known.state.created.name)
