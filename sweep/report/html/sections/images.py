"""What was trained on: realised shares, counted in the train step; and where imported numbers come from."""

from __future__ import annotations

from markupsafe import Markup

from sweep.report.html.known import Known
from sweep.report.html.templating import render
from sweep.report.images import images_section
from sweep.report.imported import imported_section


def images(known: Known) -> Markup:
    """Realised shares, then imported trials if there are any."""
    sections = (images_section(known.state), imported_section(known.state))
    return render("images.html", sections=[section for section in sections if section is not None])
