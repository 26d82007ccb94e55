"""Where the time went."""

from __future__ import annotations

from markupsafe import Markup

from sweep.report.fits import Section
from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.times import TITLE, times_section

_UNKNOWN = Section(TITLE, ("No trial has told yet.",))


def times(known: Known) -> Markup:
    """In sum and by trial."""
    return render("times.html", section=times_section(known.state) or _UNKNOWN)
