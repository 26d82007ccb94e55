"""Sweeps that never ran: ledgers for tests, built from a curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep.ledger import FORMAT, SweepState, replay
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    SweepCreated,
    SweepOutcome,
    TrialEnded,
    TrialFaulted,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialReported,
    TrialStarted,
)
from sweep.spec import Spec
from trainables.contract.classes import SCENE_CLASSES

Parameters = Mapping[str, Any]
Curve = Callable[[Parameters, int, int], float]
TrialKey = tuple[str, int]
"""Name of the arm and seed."""

RATIOS = (1.0, 0.5, 0.25, 0.125, 0.0)


def plain_curve(parameters: Parameters, seed: int, iteration: int) -> float:
    """val_miou in percent: rises with the iteration, most with some generated data, and differs by seed."""
    ratio = parameters["real_ratio"]
    height = 45 - 12 * (1 - ratio) ** 4 + 2 * ratio * (1 - ratio)
    return height * (1 - math.exp(-iteration / 80)) + 0.4 * math.sin(97.0 * seed + 31.0 * ratio + iteration)


@dataclass(frozen=True)
class FakeSweep:
    """A sweep to be built: all trials run to the last rung unless said otherwise."""

    arms: Sequence[float | Parameters] = RATIOS
    """Values of real_ratio, or all parameters of each arm."""
    seeds: Sequence[int] = (0, 1)
    rungs: Sequence[int] = (60, 150, 300)
    """The last one is the length of the training."""
    curve: Curve = plain_curve
    validate_every: int | None = 30
    """Reports between the rungs."""
    stopped: Mapping[TrialKey, int] = field(default_factory=dict)
    """The rung at which a trial was stopped early."""
    failed: Mapping[TrialKey, int] = field(default_factory=dict)
    """The iteration at which a trial failed."""
    running: Mapping[TrialKey, int] = field(default_factory=dict)
    """The iteration that a trial has reached so far."""
    paused: Mapping[TrialKey, int] = field(default_factory=dict)
    """The rung at which a trial waits."""
    spared: Collection[TrialKey] = ()
    """Trials that should have been stopped at the first rung and ran on."""
    chances: Mapping[TrialKey, float] = field(default_factory=dict)
    """To overtake the leader, as reckoned when a trial was stopped, paused or spared."""
    waiting: Collection[TrialKey] = ()
    """Trials that have not started."""
    outcome: SweepOutcome | None = "completed"
    """None: the driver is still at work."""
    baseline: Parameters = field(default_factory=lambda: {"real_ratio": 1.0})
    metric: str = "val_miou"


def sweep_state(**changes: Any) -> SweepState:
    """The state of a FakeSweep."""
    return replay(sweep_events(**changes))


def sweep_events(**changes: Any) -> list[Event]:
    """The ledger of a FakeSweep, in a possible order."""
    sweep = FakeSweep(**changes)
    trials = _trials(sweep)
    events: list[Event] = [_created(sweep), DriverStarted(time=1e9, pid=7, host="here")]
    events += [trial.planned for trial in trials]
    started = [trial for trial in trials if trial.end > 0]
    events += [_started(trial) for trial in started]
    values: dict[int, dict[str, float]] = {rung: {} for rung in sweep.rungs}
    for iteration in range(1, sweep.rungs[-1] + 1):
        for trial in started:
            events += _at(sweep, trial, iteration, values)
    if sweep.outcome is not None:
        events.append(DriverEnded(time=1e9 + 4000, outcome=sweep.outcome, reason="all trials are over"))
    return events


def arm_name(arm: float | Parameters) -> str:
    """`real_ratio=0.125 lr=0.01`."""
    return " ".join(f"{key.split('.')[-1]}={value}" for key, value in _parameters(arm).items())


@dataclass(frozen=True)
class _Trial:
    planned: TrialPlanned
    end: int
    """Last iteration; 0 if it has not started."""
    outcome: str
    """finished, stopped, failed, running or paused."""

    @property
    def trial_id(self) -> str:
        return self.planned.trial_id

    @property
    def key(self) -> TrialKey:
        return self.planned.arm, self.planned.seed


def _parameters(arm: float | Parameters) -> dict[str, Any]:
    return dict(arm) if isinstance(arm, Mapping) else {"real_ratio": arm}


def _trials(sweep: FakeSweep) -> list[_Trial]:
    keys = [(arm, seed) for arm in sweep.arms for seed in sweep.seeds]
    return [
        _Trial(
            TrialPlanned(
                time=1e9, trial_id=f"t{i:03d}", arm=arm_name(arm), parameters=_parameters(arm), seed=seed
            ),
            *_fate(sweep, (arm_name(arm), seed)),
        )
        for i, (arm, seed) in enumerate(keys)
    ]


def _fate(sweep: FakeSweep, key: TrialKey) -> tuple[int, str]:
    if key in sweep.waiting:
        return 0, "running"
    for outcome in ("stopped", "failed", "running", "paused"):
        ends = getattr(sweep, outcome)
        if key in ends:
            return ends[key], outcome
    return sweep.rungs[-1], "finished"


def _created(sweep: FakeSweep) -> SweepCreated:
    real, validation, night = ({"scenes": "real", "count": 40, "seed": seed} for seed in range(3))
    parameters = {key: None for arm in sweep.arms for key in _parameters(arm)}
    values = {
        key: {"values": [_parameters(arm)[key] for arm in sweep.arms if key in _parameters(arm)]}
        for key in parameters
    }
    spec = Spec.model_validate(
        {
            "name": "fake",
            "data": {"real": real, "validation": validation, "generated": {"night": night}},
            "training": {"iterations": sweep.rungs[-1], "batch_size": 8},
            "search": {"parameters": values, "seeds": tuple(sweep.seeds), "metric": sweep.metric},
            "baseline": dict(sweep.baseline),
            "early_stopping": {"rungs": tuple(sweep.rungs[:-1])},
        }
    )
    return SweepCreated(
        time=1e9,
        sweep_id="0123456789abcdef",
        name="fake",
        format=FORMAT,
        spec=spec.model_dump(mode="json"),
        spec_text="name: fake\n# and so on\n",
        protocol_id="protocol-1",
        regime_id="regime-1",
        versions={"python": "3.11.9", "torch": "2.15.0"},
        git_revision="0123456789",
    )


def _started(trial: _Trial) -> TrialStarted:
    return TrialStarted(time=1e9 + 1, trial_id=trial.trial_id, attempt=1, iteration=0, host="here")


def _at(
    sweep: FakeSweep, trial: _Trial, iteration: int, values: dict[int, dict[str, float]]
) -> Iterator[Event]:
    """What happens to the trial at an iteration. `values` collects those of the rungs."""
    if iteration > trial.end:
        return
    time = 1e9 + 10 * iteration
    if iteration % 10 == 0:
        yield _progressed(trial, iteration, time)
    is_report = iteration in sweep.rungs or (sweep.validate_every and iteration % sweep.validate_every == 0)
    if is_report:
        report = _reported(sweep, trial, iteration, time)
        yield report
        if iteration in sweep.rungs:
            yield _judged(sweep, trial, report, values[iteration])
            values[iteration][trial.trial_id] = report.metrics[sweep.metric]
    if iteration == trial.end and trial.outcome not in ("running", "paused"):
        yield from _ended(sweep, trial, time)


def _progressed(trial: _Trial, iteration: int, time: float) -> TrialProgressed:
    return TrialProgressed(
        time=time,
        trial_id=trial.trial_id,
        iteration=iteration,
        train_loss=3 / (1 + iteration / 50),
        lr=0.01,
        seconds=0.5 * iteration,
    )


def _reported(sweep: FakeSweep, trial: _Trial, iteration: int, time: float) -> TrialReported:
    parameters = trial.planned.parameters
    miou = sweep.curve(parameters, trial.planned.seed, iteration)
    metrics = {
        "val_miou": miou,
        "val_macc": miou + 10,
        "val_aacc": miou / 2 + 60,
        "train_loss": 3 / (1 + iteration / 50),
    }
    return TrialReported(
        time=time,
        trial_id=trial.trial_id,
        iteration=iteration,
        metrics=metrics,
        mixture=_mixture(parameters["real_ratio"], 8 * iteration),
        counts=_counts(miou),
        seconds=0.5 * iteration,
    )


def _mixture(real_ratio: float, images: int) -> dict[str, Any]:
    real = round(real_ratio * images)
    return {
        "requested_real_ratio": real_ratio,
        "realised_real_ratio": real / images,
        "real_images": real,
        "generated_images": {"night": images - real},
        "distinct_real": min(real, 40),
        "distinct_generated": min(images - real, 40),
        "real_passes": real / 40,
        "generated_passes": (images - real) / 40,
    }


def _counts(miou: float) -> dict[str, list[int]]:
    """Counts of classes that all have this IoU; the last class is absent."""
    iou = 0.0 if math.isnan(miou) else miou / 100
    shared = round(2000 * iou / (1 + iou))
    present = len(SCENE_CLASSES) - 1
    return {
        "intersection": [shared] * present + [0],
        "prediction": [1000] * present + [0],
        "label": [1000] * present + [0],
    }


def _judged(
    sweep: FakeSweep, trial: _Trial, report: TrialReported, peers: Mapping[str, float]
) -> TrialJudged:
    is_stop = trial.outcome == "stopped" and report.iteration == trial.end
    is_pause = trial.outcome == "paused" and report.iteration == trial.end
    is_spared = trial.key in sweep.spared and report.iteration == sweep.rungs[0]
    cutoff = max((value for value in peers.values() if not math.isnan(value)), default=None)
    return TrialJudged(
        time=report.time,
        trial_id=trial.trial_id,
        rung=report.iteration,
        decision="stop" if is_stop else "pause" if is_pause else "continue",
        rule="asha",
        reason="it is below the cut-off" if is_stop else "it is not below the cut-off",
        value=report.metrics[sweep.metric],
        cutoff=cutoff,
        peers=dict(peers),
        proposed="stop" if is_stop or is_spared else "pause" if is_pause else "continue",
        overtakes=sweep.chances.get(trial.key) if is_stop or is_pause or is_spared else None,
        spared=is_spared,
    )


def _ended(sweep: FakeSweep, trial: _Trial, time: float) -> Iterator[Event]:
    reasons = {
        "finished": "trained all its iterations",
        "stopped": "it is below the cut-off",
        "failed": "image img/0007.jpg cannot be read",
    }
    reason = reasons[trial.outcome]
    if trial.outcome == "failed":
        yield TrialFaulted(time=time, trial_id=trial.trial_id, reason=reason, iteration=trial.end)
    yield TrialEnded(
        time=time,
        trial_id=trial.trial_id,
        outcome=trial.outcome,
        reason=reason,
        iteration=trial.end,
        overtakes=sweep.chances.get(trial.key) if trial.outcome == "stopped" else None,
    )
