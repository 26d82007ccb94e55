"""What all sections of a page are made from: a sweep, and all that was computed of it, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sweep.analysis import Analysis
from sweep.ledger.state import SweepState
from sweep.report.figure_frames import learning_points, ratio_points
from sweep.report.fits import Section, fits_sections
from sweep.report.fits_frames import curve_frame
from sweep.report.tables import FairTable, fair_tables, newest_table

WIDE, NARROW = 720.0, 360.0
"""Widths of the charts in pixels, for desks and paper, and for phones."""


@dataclass(frozen=True)
class Known:
    """A sweep, its analysis, and what several sections need of both."""

    state: SweepState
    analysis: Analysis
    files: tuple[str, ...] = ()
    """That lie beside the page."""

    @cached_property
    def tables(self) -> tuple[FairTable, ...]:
        """The fair comparisons, the last rung first."""
        return fair_tables(self.state)

    @property
    def newest(self) -> FairTable:
        """That of the last rung which any trial has reached, or of the first."""
        return newest_table(self.tables)

    @cached_property
    def ratio_points(self) -> pd.DataFrame:
        """See there."""
        return ratio_points(self.state, self.analysis)

    @cached_property
    def learning_points(self) -> pd.DataFrame:
        """See there."""
        return learning_points(self.state, self.analysis)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The fitted curves of all settings."""
        return curve_frame(self.analysis)

    @cached_property
    def fits(self) -> tuple[Section, ...]:
        """The curve, predictions, crossings, and whether rungs predict the end."""
        return fits_sections(self.analysis)
