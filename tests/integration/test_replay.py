"""One decision core: scheduler, ledger and simulator take identical decisions, under every rule."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sweep.ledger import Ledger, replay
from sweep.ledger.events import (
    Event,
    TrialEnded,
    TrialJudged,
    TrialPromoted,
    TrialReported,
    TrialStarted,
)
from sweep.ledger.lines import encode
from sweep.simulation import outcome_of, rejudge, run_judged
from sweep.stopping import judge_of
from tests.integration.replays import ORDER, RULES, RUNGS, SETTINGS, SWEEPS, folder_of, recording, spec


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with all sweeps, one Ray after the other."""
    storage = tmp_path_factory.mktemp("replayed")
    command = [sys.executable, "-m", "tests.integration.replays", str(storage)]
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return storage


def ledger_of(storage: Path, setting: str, workers: int) -> list[Event]:
    """As it is read from the disk."""
    return list(Ledger(folder_of(storage, setting, workers).ledger).read())


@pytest.mark.parametrize("setting", SETTINGS)
def test_one_worker_writes_the_ledger_of_the_simulation(replayed: Path, setting: str) -> None:
    """Every start, report, decision with all that it rests on, promotion and end, in the same order."""
    recorded, own = recording(), spec(setting)
    created = recorded.created_with(own.early_stopping)
    outcome, simulated = run_judged(recorded, created, judge_of(own), ORDER, workers=1)

    events = ledger_of(replayed, setting, workers=1)

    assert in_words(events) == in_words(simulated.events)
    assert outcome_of(events, 1, RUNGS, recorded.seconds_per_iteration) == outcome
    assert statuses(events) == {name: trial.status for name, trial in simulated.state.trials.items()}


@pytest.mark.parametrize(("setting", "workers"), SWEEPS)
def test_a_fresh_judge_decides_as_the_ledger_says(replayed: Path, setting: str, workers: int) -> None:
    """In the order in which the reports really arrived."""
    events = ledger_of(replayed, setting, workers)
    assert sum(isinstance(event, TrialJudged) for event in events) >= len(ORDER)
    assert list(map(str, rejudge(events, spec(setting)))) == []


def test_the_sweeps_are_worth_comparing(replayed: Path) -> None:
    """Every decision there is was taken, two workers took turns, and rules differ."""
    ledgers = {setting: ledger_of(replayed, setting, workers=1) for setting in SETTINGS}
    judged = [event for events in ledgers.values() for event in events if isinstance(event, TrialJudged)]
    promoted = [event for events in ledgers.values() for event in events if isinstance(event, TrialPromoted)]
    assert {one.decision for one in judged} == {"continue", "stop", "pause"}
    assert any(one.proposed == "stop" and one.decision == "continue" and not one.spared for one in judged)
    assert any(one.spared for one in judged) and any(one.spared for one in promoted)
    assert any(one.overtakes not in (None, 0, 1) for one in judged) and any(one.cutoff for one in judged)
    assert any(one.value != one.value for one in judged), "a trial diverged"
    assert len({tuple(in_words(ledgers[rule])) for rule in RULES}) == len(RULES)
    assert sum(two_took_turns(ledger_of(replayed, rule, workers=2)) for rule in RULES) >= 2


def two_took_turns(events: Iterable[Event]) -> bool:
    """Whether reports of two trials alternated more often than one trial can follow another."""
    reports = [event.trial_id for event in events if isinstance(event, TrialReported)]
    return sum(one != other for one, other in pairwise(reports)) > 2 * len(set(reports))


def in_words(events: Iterable[Event]) -> list[str]:
    """What happened to trials, without when, where and in which words it ended; equal for equal NaNs."""
    return [
        encode(_bare(event)).decode()
        for event in events
        if isinstance(event, TrialStarted | TrialReported | TrialJudged | TrialPromoted | TrialEnded)
    ]


def _bare(event: Event) -> Event:
    match event:
        case TrialStarted():
            return replace(event, time=0.0, host="", node="", pid=0, waited=None)
        case TrialReported():
            return replace(event, time=0.0, mixture={}, counts={}, seconds=0.0)
        case TrialEnded():
            return replace(event, time=0.0, reason="")
    return replace(event, time=0.0)


def statuses(events: Iterable[Event]) -> dict[str, str]:
    return {name: trial.status for name, trial in replay(events).trials.items()}
