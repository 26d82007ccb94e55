"""Fair comparisons, figures and pages: numbers apart from pictures apart from pages."""

from sweep.report.controls import controls_json
from sweep.report.files import ReportFiles, write_report
from sweep.report.fits_json import fits_json
from sweep.report.fits_text import fits_text, section_text
from sweep.report.frame import fair_frame
from sweep.report.import_text import import_text
from sweep.report.learning_curves import learning_curves
from sweep.report.machine import comparison
from sweep.report.pages import page
from sweep.report.proposals import next_section
from sweep.report.ratio_curves import ratio_curves
from sweep.report.ratio_fit import ratio_fit
from sweep.report.tables import FairTable, fair_table, fair_tables
from sweep.report.terminal import (
    comparison_text,
    controls_text,
    fair_table_text,
    latest_table_text,
    latest_verdict,
)
from sweep.report.verdict import differences_section, notes, verdict

__all__ = [
    "FairTable",
    "ReportFiles",
    "comparison",
    "comparison_text",
    "controls_json",
    "controls_text",
    "differences_section",
    "fair_frame",
    "fair_table",
    "fair_table_text",
    "fair_tables",
    "fits_json",
    "fits_text",
    "import_text",
    "latest_table_text",
    "latest_verdict",
    "learning_curves",
    "next_section",
    "notes",
    "page",
    "ratio_curves",
    "ratio_fit",
    "section_text",
    "verdict",
    "write_report",
]
