"""A ledger tells what the loop that wrote it said came out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sweep.ledger.events import TrialFaulted, TrialStarted
from sweep.simulation import outcome_of, run_judged
from sweep.stopping import judge_of
from tests.integration.replays import ORDER, RUNGS, SETTINGS, recording, spec


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("setting", SETTINGS)
def test_outcome_of_a_simulated_ledger(setting: str, workers: int) -> None:
    recorded, own = recording(), spec(setting)
    created = recorded.created_with(own.early_stopping)
    outcome, simulated = run_judged(recorded, created, judge_of(own), ORDER, workers)
    found = outcome_of(simulated.events, workers, RUNGS, recorded.seconds_per_iteration)
    assert found == outcome


def test_a_retry_takes_no_second_worker() -> None:
    recorded, own = recording(), spec("none")
    created = recorded.created_with(own.early_stopping)
    outcome, simulated = run_judged(recorded, created, judge_of(own), ORDER, workers=1)
    first = next(event for event in simulated.events if isinstance(event, TrialStarted))
    at = simulated.events.index(first) + 1
    fault = TrialFaulted(trial_id=first.trial_id, reason="the worker process died", iteration=0)
    retried = [*simulated.events[:at], fault, replace(first, attempt=2), *simulated.events[at:]]
    assert outcome_of(retried, 1, RUNGS, recorded.seconds_per_iteration) == outcome
