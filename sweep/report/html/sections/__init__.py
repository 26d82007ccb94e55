"""The sections of the page, a file each: what it says of a sweep, as HTML."""

from sweep.report.html.sections.checks import checks
from sweep.report.html.sections.classes import classes
from sweep.report.html.sections.comparison import fair_comparison
from sweep.report.html.sections.curve import ratio_curve
from sweep.report.html.sections.images import images
from sweep.report.html.sections.learning import learning
from sweep.report.html.sections.making import making
from sweep.report.html.sections.proposals import proposals
from sweep.report.html.sections.times import times
from sweep.report.html.sections.verdict import verdict

__all__ = [
    "checks",
    "classes",
    "fair_comparison",
    "images",
    "learning",
    "making",
    "proposals",
    "ratio_curve",
    "times",
    "verdict",
]
