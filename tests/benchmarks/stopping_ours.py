"""Our rules on recorded families: as `sweep simulate` runs them, so by the judge of live sweeps."""

from __future__ import annotations

from collections.abc import Callable

from sweep.ledger.events import TrialPlanned, TrialReported
from sweep.simulation import JudgedSweep, Recording
from sweep.simulation.memory import RememberingJudge
from sweep.stopping import Judge, Rule
from tests.benchmarks.families import RUNGS, Family
from tests.rungs import created_sweep

METRIC = "val_miou"


def our_decider(rule: Rule, family: Family) -> Callable[[], JudgedSweep]:
    """A sweep of the family's trials under the rule, for one more order; nobody is protected."""
    recording = recording_of_family(family)
    judge = RememberingJudge(Judge(rule))
    return lambda: JudgedSweep(recording, recording.created, judge)


def recording_of_family(family: Family) -> Recording:
    """The family as a recorded sweep without a baseline: peers know none either."""
    trials = family.setting.trials
    return Recording(
        name=family.key,
        created=created_sweep(family.key),
        provenance="measured",
        metric=METRIC,
        rungs=RUNGS,
        planned={
            one.trial_id: TrialPlanned(
                trial_id=one.trial_id, arm=one.arm, parameters={"real_ratio": one.real_ratio}, seed=one.seed
            )
            for one in trials
        },
        reports={
            one.trial_id: tuple(_report(one.trial_id, rung, one.values[rung]) for rung in RUNGS)
            for one in trials
        },
        left_out={},
        seconds_per_iteration={},
        is_protected=lambda _: False,
        is_baseline=lambda _: False,
        remarks=(),
    )


def _report(trial_id: str, rung: int, value: float) -> TrialReported:
    return TrialReported(
        trial_id=trial_id, iteration=rung, metrics={METRIC: value}, mixture={}, counts={}, seconds=0.0
    )
