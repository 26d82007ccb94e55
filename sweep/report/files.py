"""Writes the report of a sweep: pages, tables, figures."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweep.analysis import Analysis, analyse, telling_rung
from sweep.errors import StorageError
from sweep.ledger.state import SweepState
from sweep.report.class_effects import newest_class_effects
from sweep.report.drawing import figure_bytes
from sweep.report.fits_frames import curve_frame, prediction_frame
from sweep.report.frame import fair_frame
from sweep.report.html import html_page
from sweep.report.latex import latex_table
from sweep.report.learning_curves import learning_curves
from sweep.report.pages import page
from sweep.report.paper import FOLDER as PAPER
from sweep.report.paper import paper_files
from sweep.report.ratio_curves import ratio_curves
from sweep.report.ratio_fit import ratio_fit
from sweep.report.tables import FairTable, fair_table
from sweep.results import class_table, newest_rung, report_table, trial_table

PAGE = "report.md"
HTML = "report.html"
LATEX = "table.tex"
_TABLES = {
    "fair_comparison": fair_frame,
    "trials": trial_table,
    "reports": report_table,
    "classes": class_table,
    "class_effects": newest_class_effects,
}
_FITS = {"predictions": prediction_frame, "ratio_curve": curve_frame}


@dataclass(frozen=True)
class ReportFiles:
    """What was written."""

    page: Path
    """In Markdown."""
    html: Path
    """The same for a browser, in one file."""
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]
    paper: tuple[Path, ...]
    """Figures in the sizes of a paper, their numbers, and a table for LaTeX."""

    @property
    def all(self) -> tuple[Path, ...]:
        """The pages first."""
        return (self.page, self.html, *self.tables, *self.figures, *self.paper)


def write_report(state: SweepState, folder: Path, *, paper: bool = False) -> ReportFiles:
    """Writes everything that is known now, replacing what an earlier call wrote; the pages come last.

    The same state gives the same bytes. A reader never sees half a file. Raises StorageError.

    Args:
        state: of the sweep.
        folder: that of the report.
        paper: figures in the sizes of a paper, too. Where they are already they are written anew in any
            case: old ones beside a new page would mislead.
    """
    analysis = analyse(state, telling_rung(state))
    tables, figures = dict(_table_files(state, analysis)), dict(_figure_files(state, analysis))
    extra = {LATEX: latex_table(_newest(state)).encode()}
    if paper or (folder / PAPER).is_dir():
        extra |= dict(paper_files(state, analysis))
    beside = [*tables, *figures]
    html = html_page(state, analysis, [PAGE, *beside, *extra])
    text = page(state, figures=list(figures), tables=list(tables), analysis=analysis)
    contents = {**tables, **figures, **extra, HTML: html.encode(), PAGE: text.encode()}
    try:
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _write_atomically(folder / name, content)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write the report: {error.strerror}") from error
    return ReportFiles(
        page=folder / PAGE,
        html=folder / HTML,
        tables=tuple(folder / name for name in tables),
        figures=tuple(folder / name for name in figures),
        paper=tuple(folder / name for name in extra),
    )


def _newest(state: SweepState) -> FairTable:
    """The comparison at the last rung that any trial has reached."""
    return fair_table(state, newest_rung(state))


def _table_files(state: SweepState, analysis: Analysis) -> Iterator[tuple[str, bytes]]:
    tables = {name: table_of(state) for name, table_of in _TABLES.items()}
    tables |= {name: table_of(analysis) for name, table_of in _FITS.items()}
    for name, table in tables.items():
        parquet = io.BytesIO()
        table.to_parquet(parquet, index=False)
        yield f"{name}.csv", table.to_csv(index=False, lineterminator="\n").encode()
        yield f"{name}.parquet", parquet.getvalue()


def _figure_files(state: SweepState, analysis: Analysis) -> Iterator[tuple[str, bytes]]:
    figures = {
        "ratio_fit": ratio_fit(analysis, state),
        "learning_curves": learning_curves(state, analysis.predictions),
        "real_ratio": ratio_curves(state),
    }
    for name, figure in figures.items():
        for kind in ("png", "svg"):
            yield f"{name}.{kind}", figure_bytes(figure, kind)


def _write_atomically(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
