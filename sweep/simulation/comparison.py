"""Rules and settings over many orders of arrival: the numbers of `sweep simulate`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.errors import SourceError
from sweep.ledger.state import SweepState
from sweep.simulation.curve_error import FEWEST_RATIOS, CurveError
from sweep.simulation.loop import Outcome
from sweep.simulation.memory import RememberingJudge
from sweep.simulation.ours import run_judged
from sweep.simulation.recording import Recording
from sweep.simulation.score import Mean, Score, best_trial, mean_of, score, share_of
from sweep.simulation.settings import RuleSetting, rule_settings
from sweep.spec import EarlyStoppingConfig, Spec
from sweep.stopping import Judge, judge_of

ORDERS_OF_CURVES = 20
"""Orders of arrival for which a curve is fitted, which takes 10 to 100 ms."""

Run = Callable[[Sequence[str]], tuple[Outcome, SweepState]]
"""Runs a sweep whose trials arrive in this order, to its end."""
Runs = Callable[[EarlyStoppingConfig], Run]
"""How sweeps with this early stopping are run."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one rule would have cost and lost."""

    setting: RuleSetting
    cost: Mean
    """Share of the iterations of all trials to the end, 0..1."""
    lost: Mean
    """Share of the orders in which the best trial did not finish."""
    regret: Mean
    """In points."""
    worst_regret: float
    curve_error: Mean | None
    """In points; None where there is no curve."""
    curve_orders: int
    """Over how many orders `curve_error` is: in others a setting may have had no trial at the end."""
    seconds: Mean
    """On the clock; iterations where nothing tells how long one takes."""
    work_seconds: Mean
    """As `seconds`, added up over all trials and times GPUs per trial."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """All rows, and what they rest on."""

    recording: Recording
    winner: str
    """Id of the best trial."""
    workers: int
    gpus: float
    """Of a trial; 0: it uses none, and hours are simply hours."""
    orders: int
    every_order: bool
    """These are all orders that there are."""
    curve_orders: int
    """For how many of them curves were to be fitted."""
    no_curve: str
    """Why there is no error of the curve; empty where there is one."""
    rows: tuple[Row, ...]

    @property
    def is_timed(self) -> bool:
        """Whether it is known how long an iteration takes."""
        return bool(self.recording.seconds_per_iteration)

    @property
    def work_seconds(self) -> float:
        """Of all trials to the end, times GPUs per trial; 0 if it is not timed."""
        seconds = sum(self.recording.seconds_per_iteration.values()) * self.recording.rungs[-1]
        return seconds * (self.gpus or 1.0)


def simulate(
    recording: Recording,
    spec: Spec,
    workers: int,
    orders: int = 200,
    seed: int = 0,
    rules: Sequence[str] = (),
    runs: Runs | None = None,
) -> Simulation:
    """The spec's early stopping and others beside it, each over the same orders of arrival.

    Args:
        recording: the trials.
        spec: whose section `early_stopping` is looked at; its `search.seed` decides who is spared.
        workers: trials at once.
        orders: how many orders of arrival, drawn at random; all there are where these are no more.
        seed: of the draw.
        rules: names of those to compare. Default: all.
        runs: how sweeps are run. Default: in memory.

    Raises SourceError if no trial has a finite value at the end.
    """
    winner = best_trial(recording.curves)
    if winner is None:
        raise SourceError(f"no trial of {recording.name!r} has a finite {recording.metric} at the end")
    arrivals = _arrivals(list(recording.planned), orders, seed)
    every = len(arrivals) == math.factorial(len(recording.planned))
    curve_error = CurveError(_in_full(recording, spec))
    runs = runs or _runs_in_memory(recording, spec, workers)
    replay = _Replay(recording, spec, winner, runs, curve_error)
    return Simulation(
        recording=recording,
        winner=winner,
        workers=workers,
        gpus=spec.resources.gpus_per_trial,
        orders=len(arrivals),
        every_order=every,
        curve_orders=min(ORDERS_OF_CURVES, len(arrivals)),
        no_curve=_no_curve(curve_error.ratios),
        rows=tuple(
            replay.row(setting, arrivals, every) for setting in rule_settings(spec.early_stopping, rules)
        ),
    )


@dataclass(frozen=True)
class _Replay:
    """What all rows share."""

    recording: Recording
    spec: Spec
    winner: str
    runs: Runs
    curve_error: CurveError

    def row(self, setting: RuleSetting, arrivals: Sequence[Sequence[str]], every_order: bool) -> Row:
        run = self.runs(setting.config)
        gpus = self.spec.resources.gpus_per_trial or 1.0
        scores: list[Score] = []
        errors: list[float] = []
        for number, order in enumerate(arrivals):
            outcome, state = run(order)
            scores.append(score(outcome, self.recording, self.winner))
            if number < ORDERS_OF_CURVES:
                error = self.curve_error.of(state)
                errors += [] if error is None else [error]
        return Row(
            setting=setting,
            cost=mean_of([one.cost for one in scores], exact=every_order),
            lost=share_of([one.lost for one in scores], exact=every_order),
            regret=mean_of([one.regret for one in scores], exact=every_order),
            worst_regret=max(one.regret for one in scores),
            curve_error=mean_of(errors, exact=every_order and len(errors) == len(scores)) if errors else None,
            curve_orders=len(errors),
            seconds=mean_of([one.seconds for one in scores], exact=every_order),
            work_seconds=mean_of([one.work_seconds * gpus for one in scores], exact=every_order),
        )


def _runs_in_memory(recording: Recording, spec: Spec, workers: int) -> Runs:
    def runs(config: EarlyStoppingConfig) -> Run:
        judge, created = _judge(spec, config), recording.created_with(config)

        def run(order: Sequence[str]) -> tuple[Outcome, SweepState]:
            outcome, sweep = run_judged(recording, created, judge, order, workers)
            return outcome, sweep.state

        return run

    return runs


def _judge(spec: Spec, config: EarlyStoppingConfig) -> Judge | RememberingJudge:
    judge = judge_of(spec.model_copy(update={"early_stopping": config}))
    return RememberingJudge(judge) if config.name == "promote" else judge  # with others nothing comes back


def _arrivals(trial_ids: list[str], orders: int, seed: int) -> list[Sequence[str]]:
    if math.factorial(len(trial_ids)) <= orders:
        return list(itertools.permutations(trial_ids))
    random = np.random.default_rng(seed)
    return [[trial_ids[at] for at in random.permutation(len(trial_ids))] for _ in range(orders)]


def _in_full(recording: Recording, spec: Spec) -> SweepState:
    config = spec.early_stopping.model_copy(update={"name": "none"})
    return _runs_in_memory(recording, spec, workers=1)(config)(list(recording.planned))[1]


def _no_curve(ratios: int) -> str:
    if ratios >= FEWEST_RATIOS:
        return ""
    return f"real_ratio has {ratios} values here, and a curve takes {FEWEST_RATIOS}"
