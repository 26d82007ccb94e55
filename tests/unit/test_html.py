"""`report.html`: one file that says what the analysis says, whoever named what is in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.analysis import analyse, telling_rung
from sweep.importers import state_of_csv
from sweep.ledger import SweepState, replay
from sweep.ledger.events import Event, SweepCreated, TrialEnded, TrialPlanned
from sweep.report.class_effects import class_effects
from sweep.report.figure_frames import learning_points, ratio_points
from sweep.report.headline import headlines
from sweep.report.html import html_page
from sweep.report.html.learning_chart import MOST_TRIALS, lines_of
from sweep.report.html.sections.comparison import MOST_ROWS
from sweep.report.html.svg import Frame, element, ticks
from sweep.results import rungs_of
from sweep.sampling import evenly
from tests.builders import sweep_events, sweep_state
from tests.unit.test_class_effects import harms_the_rare, noisy
from tests.unit.test_class_effects import state_of as state_with_classes

THREE_TRIALS = Path(__file__).parents[2] / "docs/examples/three_trials.csv"
RATIOS = (1.0, 0.5, 0.125)
STOPPED = {("real_ratio=0.125", 1): 60}
SECTIONS = ("curve", "learning", "comparison", "classes", "checks", "images", "times", "next", "making")
EVIL = "<script>alert('x')</script>\"&"
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """The elements of a page, and whether they are nested as they must be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [given for _, given in self.elements if name in given.get("class", "").split()]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page_of(state: SweepState) -> str:
    return html_page(state, analyse(state, telling_rung(state)), ["trials.csv"])


@pytest.fixture(scope="module")
def state() -> SweepState:
    return sweep_state(arms=RATIOS, stopped=STOPPED, failed={("real_ratio=0.5", 0): 95})


@pytest.fixture(scope="module")
def text(state: SweepState) -> str:
    return page_of(state)


class TestPage:
    def test_it_needs_nothing_but_itself(self, text: str) -> None:
        page = Page(text)
        assert not re.search(r"https?://|@import|url\((?!#clip)", text)
        assert not {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "image", "base"}
        assert all("src" not in given for _, given in page.elements)
        targets = {given["href"] for tag, given in page.elements if tag == "a"}
        assert targets == {*(f"#{name}" for name in SECTIONS), "trials.csv"}

    def test_sections_come_in_order_behind_the_verdict(self, text: str) -> None:
        ids = [given["id"] for tag, given in Page(text).elements if tag in ("header", "section")]
        assert ids == ["verdict", *SECTIONS]

    def test_it_begins_with_three_sentences(self, state: SweepState, text: str) -> None:
        (found,) = headlines(analyse(state))
        said = Page(text).text
        places = [said.index(sentence) for sentence in found.sentences]
        assert places == sorted(places) and max(places) < said.index("The curve over real_ratio")

    def test_without_its_script_all_is_there(self, state: SweepState, text: str) -> None:
        page = Page(re.sub(r"<script>.*?</script>", "", text, flags=re.S))
        assert not [given for tag, given in page.elements if "hidden" in given and tag != "div"]
        for needed in ("baseline", "it is below the cut-off", "torch 2.15.0", "protocol-1", "cannot be read"):
            assert needed in page.text

    def test_it_is_for_phones_prints_and_dark_rooms(self, text: str) -> None:
        for needed in (
            "width=device-width",
            "prefers-color-scheme: dark",
            "@media print",
            "overflow-x: auto",
        ):
            assert needed in text
        page = Page(text)
        charts = page.of_class("chart")
        assert {chart["viewbox"].split()[2] for chart in charts} == {"720", "360"}
        assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)

    def test_unknown_numbers_are_not_printed(self, text: str) -> None:
        assert not re.search(r"\b(nan|None|inf)\b", Page(text).text)

    def test_pages_stay_small(self, text: str) -> None:
        assert len(text) < 300_000


def evil_state() -> SweepState:
    """Every text that a user, or a trainer of his, can give has markup in it."""

    def spoilt(event: Event) -> Event:
        match event:
            case SweepCreated():
                spec = {**event.spec, "description": EVIL, "name": EVIL}
                spec["data"] = {**spec["data"], "classes": [f"{EVIL}{i}" for i in range(8)]}
                spec["search"] = {**spec["search"]}
                versions = {EVIL: EVIL}
                return dataclasses.replace(
                    event, name=EVIL, spec=spec, spec_text=EVIL, versions=versions, protocol_id=EVIL
                )
            case TrialPlanned():
                parameters = {**event.parameters, f"data.{EVIL}": EVIL}
                return dataclasses.replace(event, arm=f"{event.arm} {EVIL}", parameters=parameters)
            case TrialEnded():
                return dataclasses.replace(event, reason=EVIL)
        return event

    events = sweep_events(arms=RATIOS, stopped=STOPPED, failed={("real_ratio=0.5", 0): 95})
    return replay(map(spoilt, events))


def test_what_users_name_never_becomes_markup() -> None:
    text = page_of(evil_state())
    page = Page(text)
    assert "<script>alert" not in text
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not any("onerror" in given or "onclick" in given for _, given in page.elements)
    assert page.text.count("alert('x')") > 20
    tips = re.findall(r"<title>(.*?)</title>", text, re.S)
    assert any("&lt;script&gt;" in tip for tip in tips)


def test_attributes_cannot_be_left() -> None:
    made = element("text", EVIL, data_trial='x" onload="alert(1)')
    ((_, given),) = Page(str(made)).elements
    assert given == {"data-trial": 'x" onload="alert(1)'}


class TestCharts:
    @staticmethod
    def section(text: str, name: str) -> str:
        """The wide pictures of a section alone."""
        part = text[text.index(f'<section id="{name}">') :]
        part = part[: part.index("</section>")]
        return "".join(re.findall(r'<div class="wide">(.*?)</div>', part, re.S))

    def test_every_point_of_the_table_is_drawn_and_says_what_it_is(
        self, state: SweepState, text: str
    ) -> None:
        points = ratio_points(state, analyse(state, telling_rung(state)))
        drawn = self.section(text, "curve")
        tips = re.findall(r"<title>(.*?)</title>", drawn, re.S)
        alone = points[points["kind"] == "trial"].groupby("arm")["trial_id"].transform("size") == 1
        expected = len(points) - int(alone.sum())
        assert len(tips) == expected > 0
        for row in points[points["kind"] == "predicted"].itertuples():
            (tip,) = [one for one in tips if f"({row.trial_id})" in one]
            first, second, third, fourth = tip.split("\n")
            assert first.startswith("val_miou ") and first.endswith(", 90 %)")
            assert float(first.split()[1]) == pytest.approx(row.value, abs=0.51)
            assert second == f"iteration {row.iteration}"
            assert third == f"{row.arm} seed {row.seed} ({row.trial_id})"
            assert fourth == f"{row.status}, predicted"

    def test_heights_are_those_of_the_values(self, state: SweepState, text: str) -> None:
        """Marks of means lie on one line with their values, the same for all."""
        points = ratio_points(state, analyse(state, telling_rung(state)))
        means = points[points["kind"] == "mean"]
        drawn = self.section(text, "curve")
        heights = {
            arm: float(y)
            for y, arm in re.findall(
                r'data-y="([\d.]+)">(?:(?!</g>).)*?<title>mean [^\n]*\n[^\n]*\n([^\n]*)\n', drawn, re.S
            )
        }
        assert set(heights) == set(means["arm"])
        slope, start = np.polyfit(means["value"], [heights[arm] for arm in means["arm"]], 1)
        for row in means.itertuples():
            assert heights[row.arm] == pytest.approx(start + slope * row.value, abs=0.2)
        assert slope < 0

    def test_stopped_trials_are_crossed_in_both_pictures(self, text: str) -> None:
        for name in ("curve", "learning"):
            marks = re.findall(r'<g class="mark(?:(?!</title>).)*?</title>', self.section(text, name), re.S)
            crossed = [one for one in marks if 'class="cross"' in one]
            assert crossed and all("stopped, " in one for one in crossed)
            assert {re.search(r'data-trial="(t\d+)"', one)[1] for one in crossed} == {"t005"}  # type: ignore[index]

    def test_imported_points_are_hollow_squares_and_predicted_ones_diamonds(self) -> None:
        drawn = self.section(page_of(state_of_csv(THREE_TRIALS)), "curve")
        marks = re.findall(r'<g class="mark(?:(?!</title>).)*?</title>', drawn, re.S)
        assert marks
        for one in marks:
            shape = "rect" if one.endswith("imported</title>") else "polygon"
            assert f'<{shape} class="hollow"' in one

    def test_learning_curves_have_a_line_a_trial_a_mean_an_arm_and_the_rungs(
        self, state: SweepState, text: str
    ) -> None:
        page = Page(self.section(text, "learning"))
        assert {line["data-trial"] for line in page.of_class("line")} == set(state.trials)
        assert len(page.of_class("mean")) == len(RATIOS)
        assert len(page.of_class("rung")) == len(rungs_of(state))

    def test_classes_are_told_where_pixels_were_counted(self) -> None:
        state = state_with_classes(noisy(harms_the_rare))
        text, found = page_of(state), class_effects(state, 300)
        assert found is not None
        said = Page(text).text
        for name in (*found.rare, *found.common):
            assert name in said
        assert "Rare classes lose more (or gain less) than common ones: by " in said
        assert "not small objects" in said
        assert len(re.findall(r'<td class="worse">', text)) == sum(
            one.is_shown(row.arm) for one in (*found.classes, *found.groups) for row in found.arms
        )
        assert "No trial has counted the pixels" in Page(page_of(state_of_csv(THREE_TRIALS))).text


@pytest.fixture(scope="module")
def many() -> SweepState:
    arms = [i / 69 for i in range(70)]
    return sweep_state(arms=arms, seeds=range(5), rungs=(60, 300), validate_every=None)


class TestLargeSweeps:
    def test_some_lines_are_drawn_and_the_page_says_so(self, many: SweepState) -> None:
        text = page_of(many)
        assert f"{MOST_TRIALS} of 350 trials are drawn; reports.csv has all." in text
        assert f"{70 - MOST_ROWS} more arms are in fair_comparison.csv" in text
        assert "300 of 350 points (trial) are drawn" in text
        assert len(text) < 1_500_000

    def test_those_drawn_reach_from_the_worst_to_the_best(self, many: SweepState) -> None:
        points = learning_points(many, analyse(many))
        drawn = lines_of(points, rungs_of(many), set(points["arm"]))
        last = points[points["iteration"] == 300]["value"]
        ends = [rows[-1]["value"] for rows in drawn.trials]
        assert (len(ends), min(ends), max(ends)) == (MOST_TRIALS, last.min(), last.max())


PARTIAL: dict[str, dict[str, Any]] = {
    "no trial": {"arms": []},
    "one seed": {"arms": RATIOS, "seeds": [0]},
    "one arm": {"arms": [1.0]},
    "no number": {"arms": RATIOS, "curve": lambda *_: float("nan")},
    "no baseline": {"arms": RATIOS[1:]},
    "settings": {
        "arms": [1.0, *({"real_ratio": r, "data.strategy": s} for r in (0.5, 0.0) for s in ("night", "day"))]
    },
    "many settings": {
        "arms": [{"real_ratio": i / 20, "training.optimizer.lr": 0.001 * (i + 1)} for i in range(21)],
        "seeds": [0],
    },
    "many curves": {
        "arms": [{"real_ratio": r, "lr": lr} for r in (0.0, 0.5, 1.0) for lr in (1, 2, 3, 4, 5, 6, 7)],
        "seeds": [0],
    },
}


@pytest.mark.parametrize("name", PARTIAL)
def test_any_state_makes_a_page(name: str) -> None:
    page = Page(page_of(sweep_state(**PARTIAL[name])))
    assert not re.search(r"\b(nan|None)\b", page.text)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (43.2, 46.1, [43.5, 44, 44.5, 45, 45.5, 46]),
        (-3, 40, [0, 10, 20, 30, 40]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: Iterable[float]) -> None:
    assert ticks(low, high) == expected


def test_samples_are_even_and_keep_both_ends() -> None:
    assert evenly(range(10), 20) == list(range(10))
    chosen = evenly(range(1000), 11)
    assert (len(chosen), chosen[0], chosen[-1]) == (11, 0, 999)
    assert set(np.diff(chosen)) <= {99, 100}


def test_a_frame_maps_its_ranges_to_its_area() -> None:
    frame = Frame(
        width=200, height=100, x_range=(0, 10), y_range=(40, 50), left=20, right=30, top=5, bottom=15
    )
    assert (frame.x(0), frame.x(10), frame.y(40), frame.y(50)) == (20, 170, 85, 5)
