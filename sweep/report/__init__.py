"""Fair comparisons, figures and pages: numbers apart from pictures apart from pages."""

from sweep.report.frame import fair_frame
from sweep.report.tables import FairTable, fair_table, fair_tables
from sweep.report.terminal import fair_table_text, latest_table_text

__all__ = ["FairTable", "fair_frame", "fair_table", "fair_table_text", "fair_tables", "latest_table_text"]
