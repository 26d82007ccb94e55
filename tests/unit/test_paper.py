"""Figures in the sizes of a paper, with their numbers, and the table for LaTeX."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from sweep.analysis import Analysis, analyse, telling_rung
from sweep.importers import state_of_csv
from sweep.ledger import SweepState
from sweep.report import fair_table, write_report
from sweep.report.class_effects import class_effects
from sweep.report.class_figure import class_figure
from sweep.report.figure_frames import learning_points, ratio_points
from sweep.report.latex import latex_table, latex_text
from sweep.report.paper import paper_files
from sweep.results import report_table
from tests.builders import sweep_state
from tests.unit.test_class_effects import harms_the_rare, noisy
from tests.unit.test_class_effects import state_of as state_with_classes

THREE_TRIALS = Path(__file__).parents[2] / "docs/examples/three_trials.csv"
RATIOS = (1.0, 0.5, 0.125)
FIGURES = ("ratio_fit", "learning_curves", "real_ratio", "class_effects")
WIDTHS = {"1col": 3.5, "2col": 7.16}


@pytest.fixture(scope="module")
def state() -> SweepState:
    return sweep_state(arms=RATIOS, stopped={("real_ratio=0.125", 1): 60})


@pytest.fixture(scope="module")
def analysis(state: SweepState) -> Analysis:
    return analyse(state, telling_rung(state))


@pytest.fixture(scope="module")
def files(state: SweepState, analysis: Analysis) -> dict[str, bytes]:
    return dict(paper_files(state, analysis))


class TestSizes:
    def test_every_figure_is_there_in_both_widths_and_all_kinds_with_its_numbers(
        self, files: dict[str, bytes]
    ) -> None:
        pictures = {
            f"paper/{name}_{size}.{k}" for name in FIGURES for size in WIDTHS for k in ("svg", "png", "pdf")
        }
        assert set(files) == pictures | {f"paper/{name}.csv" for name in (*FIGURES, "ratio_fit_curve")}

    @pytest.mark.parametrize("size", WIDTHS)
    @pytest.mark.parametrize("name", FIGURES)
    def test_widths_are_exact(self, files: dict[str, bytes], name: str, size: str) -> None:
        points = WIDTHS[size] * 72
        box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", files[f"paper/{name}_{size}.pdf"])
        assert box and float(box[1]) == pytest.approx(points, abs=0.01)
        drawn = re.search(rb'<svg [^>]*?width="([\d.]+)pt"', files[f"paper/{name}_{size}.svg"])
        assert drawn and float(drawn[1]) == pytest.approx(points, abs=0.01)
        png = Image.open(io.BytesIO(files[f"paper/{name}_{size}.png"]))
        assert png.width == pytest.approx(WIDTHS[size] * 300, abs=1)
        assert png.height < 9 * 300  # it fits on a page

    def test_fonts_are_ones_that_publishers_take(self, files: dict[str, bytes]) -> None:
        assert not [name for name, content in files.items() if name.endswith("pdf") and b"/Type3" in content]

    def test_those_that_are_there_are_kept_up_to_date_without_a_request(
        self, tmp_path: Path, state: SweepState, files: dict[str, bytes]
    ) -> None:
        (tmp_path / "paper").mkdir()
        (tmp_path / "paper/ratio_fit.csv").write_text("old")
        written = write_report(state, tmp_path)
        assert {path.name for path in written.paper} == {"table.tex", *(Path(name).name for name in files)}
        for name, content in files.items():
            assert (tmp_path / name).read_bytes() == content, name


class TestFrames:
    def test_points_of_the_curve_are_the_measured_and_the_predicted(
        self, state: SweepState, analysis: Analysis, files: dict[str, bytes]
    ) -> None:
        written = pd.read_csv(io.BytesIO(files["paper/ratio_fit.csv"]))
        trials = written[written["kind"] == "trial"]
        measured = report_table(state)
        final = measured[measured["iteration"] == 300].set_index("trial_id")["val_miou"]
        assert dict(zip(trials["trial_id"], trials["value"], strict=True)) == pytest.approx(final.to_dict())
        predicted = written[written["kind"] == "predicted"].set_index("trial_id")
        assert set(predicted.index) == set(analysis.predictions) == {"t005"}
        found = analysis.predictions["t005"]
        row = predicted.loc["t005"]
        assert [row[name] for name in ("value", "lower", "upper")] == pytest.approx(
            [found.expected, found.lower, found.upper]
        )
        assert set(written["provenance"]) == {"measured", "predicted"}

    def test_seeds_are_whole_numbers_and_means_have_none(self, state: SweepState, analysis: Analysis) -> None:
        points = ratio_points(state, analysis)
        assert points[points["kind"] == "mean"]["seed"].isna().all()
        assert points.to_csv().count(".0,300") == 0

    def test_learning_curves_hold_every_report(self, state: SweepState, analysis: Analysis) -> None:
        points = learning_points(state, analysis)
        measured = points[points["kind"] == "report"]
        assert list(measured["value"]) == list(report_table(state)["val_miou"])
        assert set(measured[measured["is_rung"]]["iteration"]) == {60, 150, 300}

    def test_provenance_is_told(self) -> None:
        imported = state_of_csv(THREE_TRIALS)
        points = ratio_points(imported, analyse(imported))
        assert set(points[points["kind"] != "predicted"]["provenance"]) == {"imported"}


class TestClassFigure:
    def test_points_are_the_differences_and_hollow_where_not_shown(self) -> None:
        effects = class_effects(state_with_classes(noisy(harms_the_rare)), 300)
        assert effects is not None
        (axis,) = class_figure(effects).axes
        bars = {str(bar.get_label()): bar for bar in axis.containers}
        for one in (*effects.classes, *effects.groups):
            for arm, found in one.differences.items():
                marker = bars[f"{one.name} {arm}"].lines[0]  # type: ignore[attr-defined]
                assert marker.get_xdata()[0] == found.value
                assert (marker.get_markerfacecolor() != "white") == one.is_shown(arm)

    def test_without_pixels_it_says_so(self) -> None:
        (axis,) = class_figure(None).axes
        assert [text.get_text()[:9] for text in axis.texts] == ["no pixels"]


class TestLatex:
    def test_it_is_a_booktabs_table_with_a_cell_for_every_column(self, state: SweepState) -> None:
        text = latex_table(fair_table(state, 300))
        for command in (
            "toprule",
            "midrule",
            "bottomrule",
            "begin{table}",
            "end{table}",
            "caption{",
            "label{",
        ):
            assert text.count("\\" + command) == 1
        columns = re.search(r"\\begin\{tabular\}\{(l[r]+)\}", text)
        body = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert columns and len(body) == 1 + len(RATIOS)
        assert {len(re.split(r"(?<!\\)&", line)) for line in body} == {len(columns[1])}
        assert text.count("{") == text.count("}")
        assert "baseline" in body[1]

    def test_differences_that_are_shown_are_bold(self) -> None:
        wide = sweep_state(
            arms=RATIOS, seeds=(0, 1, 2), curve=lambda p, seed, _: 40 + 9 * p["real_ratio"] + 0.1 * seed**2
        )
        table = fair_table(wide, 300)
        shown = sum(bool(row.difference and row.difference.is_shown) for row in table.rows)
        assert latex_table(table).count(r"\mathbf{") == shown == 2

    def test_what_users_name_is_no_command(self, state: SweepState) -> None:
        evil = r"\input{/etc/passwd} & 50 % $x_1$ #~^"
        assert "\\input" not in latex_text(evil)
        assert latex_text("50 % & a_b") == r"50 \% \& a\_b"
        table = dataclasses.replace(fair_table(state, 300), sweep=evil)
        text = latex_table(table)
        assert "\\input" not in text and re.search(r"\\label\{tab:[A-Za-z0-9-]+\}", text)

    def test_a_rung_that_nobody_reached_is_a_comment(self) -> None:
        (line,) = latex_table(fair_table(sweep_state(arms=[]), 300)).splitlines()
        assert line.startswith("% ")

    @pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here; the structure is tested")
    def test_it_compiles(self, tmp_path: Path, state: SweepState) -> None:
        body = latex_table(fair_table(state, 300))
        document = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n%s\\end{document}\n"
        (tmp_path / "t.tex").write_text(document % body)
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
