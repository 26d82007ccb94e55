"""Trials that are proposed while a sweep runs: from the ledger alone, and never in the way of a trial."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.engine.curve_source import CurveSource
from sweep.engine.driver import Driver
from sweep.engine.messages import Started
from sweep.engine.proposals import Proposal, Proposer, widest_gap
from sweep.ledger import SweepState
from sweep.plan import PlannedTrial
from tests.unit.test_driver import make_driver, report

SEARCH: dict[str, Any] = {
    "method": "curve", "trials": 6, "parameters": {"real_ratio": {"min": 0, "max": 1}}, "seeds": [0],
}  # fmt: skip
FIRST = {"real_ratio=1.0", "real_ratio=0.0", "real_ratio=0.5", "real_ratio=0.125"}


def curve_driver(tmp_path: Path) -> Driver:
    return make_driver(tmp_path, search=SEARCH, early_stopping={"name": "none"})


def finish(driver: Driver, trial_id: str) -> None:
    driver.handle(trial_id, Started("host", 7))
    driver.handle(trial_id, report(12, 30.0))


def next_of(source: CurveSource) -> PlannedTrial | None:
    """The next trial, asked for as Ray does: again and again."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        trial = source.next_trial()
        if trial is not None or source.exhausted:
            return trial
        time.sleep(0.001)
    raise AssertionError("the source says neither a trial nor that it is exhausted")


def handed_out(source: CurveSource) -> Iterator[PlannedTrial]:
    while (trial := next_of(source)) is not None:
        yield trial


class Scripted:
    """A proposer that answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: Sequence[Proposal]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, tuple[Proposal, ...]]] = []

    def __call__(self, state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
        self.asked.append((len(state.trials), tuple(pending)))
        return self.answers.pop(0)


def test_first_the_ends_and_two_between_then_what_is_proposed(tmp_path: Path) -> None:
    driver = curve_driver(tmp_path)
    propose = Scripted([Proposal(0.07, 0), Proposal(0.3, 0)], [Proposal(0.07, 0), Proposal(0.07, 1)])
    trials = list(handed_out(CurveSource(driver, propose)))
    assert {trial.arm for trial in trials[:4]} == FIRST
    assert [(trial.trial_id, trial.arm, trial.seed) for trial in trials[4:]] == [
        ("t004", "real_ratio=0.07", 0),
        ("t005", "real_ratio=0.07", 1),
    ]
    assert list(driver.state.trials) == [f"t00{number}" for number in range(6)]


def test_proposer_knows_what_is_pending(tmp_path: Path) -> None:
    driver = curve_driver(tmp_path)
    finish(driver, "t000")
    propose = Scripted([Proposal(0.07, 0)], [Proposal(0.3, 0)])
    list(handed_out(CurveSource(driver, propose)))
    (trials, first), (_, second) = propose.asked
    assert trials == 4
    assert first == (Proposal(0.0, 0), Proposal(0.5, 0), Proposal(0.125, 0))
    assert second == (*first, Proposal(0.07, 0))


def test_driver_that_takes_over_goes_on_from_the_ledger(tmp_path: Path) -> None:
    first = CurveSource(curve_driver(tmp_path), Scripted([Proposal(0.07, 0)]))
    for _ in range(5):
        next_of(first)
    driver = curve_driver(tmp_path)
    for trial_id in ("t000", "t001", "t002", "t003"):
        finish(driver, trial_id)
    propose = Scripted([Proposal(0.3, 0)])
    trials = list(handed_out(CurveSource(driver, propose)))
    assert [(trial.trial_id, trial.arm) for trial in trials] == [
        ("t004", "real_ratio=0.07"),
        ("t005", "real_ratio=0.3"),
    ]
    assert propose.asked == [(5, (Proposal(0.07, 0),))]


def test_running_trials_are_not_held_up_by_a_fit(tmp_path: Path) -> None:
    driver = curve_driver(tmp_path)
    may_answer = threading.Event()

    def slow(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
        assert may_answer.wait(10)
        return [Proposal(0.07, 0)]

    source = CurveSource(driver, slow)
    for _ in range(4):
        next_of(source)
    assert source.next_trial() is None
    assert driver.handle("t000", Started("host", 7)), "while the proposer is at work"
    assert source.next_trial() is None
    assert not source.exhausted
    may_answer.set()
    trial = next_of(source)
    assert trial is not None
    assert trial.arm == "real_ratio=0.07"


def fails(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
    raise ValueError("singular matrix")


def never(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
    threading.Event().wait(5)
    return []


def knows_nothing_new(state: SweepState, pending: Sequence[Proposal]) -> Sequence[Proposal]:
    return [Proposal(0.5, 0), Proposal(7.0, 0)]


@pytest.mark.parametrize(
    ("propose", "patience", "reason"),
    [
        (fails, 60.0, "ValueError: singular matrix"),
        (never, 0.02, "no answer within 0 s"),
        (knows_nothing_new, 60.0, "nothing new was proposed"),
    ],
)
def test_widest_gap_is_filled_where_the_proposer_has_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, propose: Proposer, patience: float, reason: str
) -> None:
    driver = curve_driver(tmp_path)
    with caplog.at_level(logging.WARNING, "segsweep"):
        trials = list(handed_out(CurveSource(driver, propose, patience)))
    assert [trial.arm for trial in trials[4:]] == ["real_ratio=0.031", "real_ratio=0.281"]
    assert caplog.messages == [f"the widest gap between the real_ratios is filled: {reason}"] * 2


def test_search_ends_early_where_nothing_would_help(tmp_path: Path) -> None:
    driver = curve_driver(tmp_path)
    propose = Scripted([], [])
    source = CurveSource(driver, propose)
    for _ in range(4):
        assert next_of(source) is not None
    wait_until(lambda: source.next_trial() is None and not propose.answers[1:])
    time.sleep(0.05)
    assert source.next_trial() is None
    assert not source.exhausted, "a trial that ends may change the proposer's mind"
    assert len(propose.asked) == 1, "it is not asked again before one has"
    for trial_id in list(driver.state.trials):
        finish(driver, trial_id)
    assert next_of(source) is None
    assert source.exhausted
    assert len(propose.asked) == 2


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


shares = st.floats(0, 1)


@given(ends=st.tuples(shares, shares).filter(lambda ends: ends[1] - ends[0] > 0.1), tried=st.lists(shares))
def test_gap_lies_within_the_range(ends: tuple[float, float], tried: list[float]) -> None:
    low, high = ends
    assert low <= widest_gap(low, high, tried) <= high


def test_gaps_are_narrowest_where_there_are_few_real_images() -> None:
    tried = [0.0, 1.0, 0.5, 0.125]
    for _ in range(6):
        tried.append(widest_gap(0.0, 1.0, tried))
    assert sorted(tried) == [0.0, 0.031, 0.07, 0.125, 0.195, 0.281, 0.383, 0.5, 0.729, 1.0]
