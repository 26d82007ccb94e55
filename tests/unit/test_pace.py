"""The pace that a smoke run foretells, and what `sweep plan` says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweep.ledger import SweepState, replay
from sweep.ledger.events import TrialReported
from sweep.plan import plan_text
from sweep.spec import spec_from_dict
from sweep.times.pace import rehearsed_pace, trained_otherwise
from tests.builders import sweep_events
from tests.specs import tiny_spec


def smoke(**spent: float) -> SweepState:
    """Two trials with reports at 2 and 4; `spent` in seconds as of the last one, half of it at the first."""
    events = sweep_events(arms=(1.0, 0.5), seeds=(0,), rungs=(2, 4), validate_every=None)
    told = [
        replace(event, spent={kind: seconds * event.iteration / 4 for kind, seconds in spent.items()})
        if isinstance(event, TrialReported)
        else event
        for event in events
    ]
    return replay(told)


def test_training_counts_by_iterations_and_validation_by_reports() -> None:
    state = smoke(training=6.0, data=2.0, validation=10.0, checkpointing=99.0)
    assert rehearsed_pace(state, iterations=100, validations=5) == pytest.approx(2.0 + 5.0 * 5 / 100)


def test_what_comes_before_the_first_report_is_no_pace() -> None:
    """On a GPU the first iterations take seconds, the others milliseconds."""
    events = sweep_events(arms=(1.0,), seeds=(0,), rungs=(2, 4), validate_every=None)
    spent = {2: {"training": 20.0, "validation": 9.0}, 4: {"training": 20.5, "data": 0.5, "validation": 10.0}}
    told = [
        replace(one, spent=spent[one.iteration]) if isinstance(one, TrialReported) else one for one in events
    ]
    assert rehearsed_pace(replay(told), iterations=100, validations=5) == pytest.approx(0.5 + 1.0 * 5 / 100)
    alone = [one for one in told if not (isinstance(one, TrialReported) and one.iteration == 4)]
    assert rehearsed_pace(replay(alone), iterations=100, validations=5) == pytest.approx(10.0 + 9.0 * 5 / 100)


def test_nothing_is_foretold_of_a_smoke_run_that_told_nothing() -> None:
    assert rehearsed_pace(smoke(), 100, 5) is None
    assert rehearsed_pace(replay(sweep_events()[:4]), 100, 5) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, []),
        ({"early_stopping": {"name": "none"}}, []),
        ({"training": {"iterations": 12, "batch_size": 4, "crop_size": [32, 48]}}, ["training"]),
        ({"resources": {"gpus_per_trial": 0.5}}, ["resources.gpus_per_trial"]),
    ],
)
def test_a_smoke_run_of_another_training_tells_nothing(change: dict[str, Any], named: list[str]) -> None:
    then, now = (spec_from_dict({**tiny_spec(Path("x")), **more}) for more in ({}, change))
    state = smoke(training=6.0)
    created = replace(state.created, spec=then.model_dump(mode="json"))
    assert trained_otherwise(replace(state, created=created), now.model_dump(mode="json")) == named


def test_the_plan_has_hours_by_it_and_says_so() -> None:
    spec = spec_from_dict(tiny_spec(Path("sweeps")))
    without, with_pace = plan_text(spec), plan_text(spec, rehearsed_seconds=3600.0)
    assert "`sweep run --smoke`, which measures it" in without
    assert "of the smoke run" in with_pace
    worst = next(line for line in with_pace.splitlines() if line.startswith("  trial hours")).split()[-1]
    assert float(worst) == 3 * 12


def test_what_was_measured_or_said_comes_first() -> None:
    spec = spec_from_dict({**tiny_spec(Path("x")), "resources": {"seconds_per_iteration": 1.0}})
    assert "of the smoke run" not in plan_text(spec, rehearsed_seconds=3600.0)
