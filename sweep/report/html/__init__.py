"""`report.html`: the report as one self-contained page."""

from sweep.report.html.document import html_page

__all__ = ["html_page"]
