"""What early stopping saved, what it risked, and what became of trials that ran on all the same: numbers.

Nobody knows how a stopped trial would have ended. There is a bound and a measurement: the chances to overtake
the leader that were reckoned when trials were stopped add up to the expected number of mistakes, if the model
of the curves is right; and trials that should have been stopped, but were spared, show whether it is. Whether
the rungs predicted the end is in `sweep.curves.ranks`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from scipy.stats import binomtest

from sweep.ledger.state import SweepState, TrialState
from sweep.results import comparable, metric_of, rungs_of
from sweep.times.savings import Savings, is_by_rule, savings, was_stopped_by_rule

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Of having stopped a trial that would have overtaken the leader."""

    expected: float
    """How many such trials there are on average: the sum of their chances as reckoned when they were stopped.
    Not less than the probability that there is any."""
    reckoned: int
    """Trials whose chance is in the sum."""
    unreckoned: int
    """Stopped by a rule that reckons none."""
    largest: float | None
    """The largest of the chances, 0..1."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How one trial that was to be given up came out."""

    trial_id: str
    arm: str
    overtakes: float | None
    """Chance to overtake the leader when it was to be given up."""
    above: bool | None
    """Whether it ended above the leader, its arm's mean over seeds if those are judged together. None: it has
    not come to the end, or nobody else has."""


@dataclass(frozen=True, kw_only=True)
class RanOn:
    """Trials that a rule had given up and that ran on all the same: counts."""

    trials: tuple[Ran, ...]

    @property
    def ended(self) -> tuple[Ran, ...]:
        """Those that can be told of."""
        return tuple(one for one in self.trials if one.above is not None)

    @property
    def above(self) -> int:
        """How many ended above the leader: giving them up would have lost the winner."""
        return sum(one.above is True for one in self.ended)


@dataclass(frozen=True, kw_only=True)
class Evidence(RanOn):
    """Such trials if they were drawn by lot, so that they tell of the others and of the chances reckoned.

    Seeds of an arm that are judged together end above the leader together, or not: what is inferred counts
    them once.
    """

    seeds_together: bool = False

    @property
    def independent(self) -> tuple[Ran, ...]:
        """Of those that can be told of; of seeds judged together the one with the highest chance."""
        if not self.seeds_together:
            return self.ended
        by_arm: dict[str, Ran] = {}
        for one in sorted(self.ended, key=lambda one: one.overtakes or 0.0):
            by_arm[one.arm] = one
        return tuple(by_arm.values())

    @property
    def independent_above(self) -> int:
        """How many of `independent` ended above the leader."""
        return sum(one.above is True for one in self.independent)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the share of such trials that end above the leader (Clopper and Pearson 1934)."""
        if not self.ended:
            return None
        found = binomtest(self.independent_above, len(self.independent))
        interval = found.proportion_ci(CONFIDENCE, method="exact")
        return float(interval.low), float(interval.high)

    @property
    def expected(self) -> float | None:
        """How many of `independent` should have ended above the leader by their chances; None where one was
        not reckoned."""
        chances = [one.overtakes for one in self.independent]
        known = [chance for chance in chances if chance is not None]
        return math.fsum(known) if known and len(known) == len(chances) else None

    @property
    def p_value(self) -> float | None:
        """Probability that at least as many of `independent` end above, if the chances are right."""
        if self.expected is None:
            return None
        distribution = _distribution(one.overtakes or 0.0 for one in self.independent)
        return math.fsum(distribution[self.independent_above :])


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Of a sweep's early stopping, so far."""

    rules: tuple[str, ...]
    """That judged its trials."""
    metric: str
    judged: bool
    """Whether any trial was judged."""
    seeds_together: bool
    promoted: int
    """How often a paused trial went on."""
    savings: Savings
    risk: Risk
    spared: Evidence
    """Drawn by lot."""
    continued: RanOn
    """Chosen by whoever continued them, so that nothing follows for the others, nor for the chances."""

    @property
    def is_empty(self) -> bool:
        """Nothing was stopped, waits, or ran on all the same."""
        ran_on = self.spared.trials or self.continued.trials
        return not (self.savings.trials or self.savings.waiting or ran_on)


def audit(state: SweepState) -> Audit:
    """The audit of what is known now; a trial's metric in percent."""
    searched = list(comparable(state).trials.values())
    decisions = [judged for trial in searched for judged in trial.judged.values()]
    together = bool(state.created.spec["early_stopping"].get("seeds_together", False))
    ran_on = [trial for trial in searched if trial.spared or _was_continued(trial)]
    leaders = _Leaders(state, searched, {trial.trial_id for trial in ran_on}, together)
    spared = [trial for trial in ran_on if trial.spared]
    stopped = [trial for trial in searched if was_stopped_by_rule(trial)]
    return Audit(
        rules=tuple(sorted({judged.rule for judged in decisions})),
        metric=metric_of(state),
        judged=bool(decisions),
        seeds_together=together,
        promoted=sum(len(trial.promotions) for trial in searched),
        savings=savings(state),
        risk=_risk(stopped),
        spared=Evidence(trials=tuple(map(leaders.outcome, spared)), seeds_together=together),
        continued=RanOn(trials=tuple(leaders.outcome(trial) for trial in ran_on if not trial.spared)),
    )


def _was_continued(trial: TrialState) -> bool:
    """Whether a rule had given it up before it was continued: that it was paused, or stopped by hand, says
    nothing of the rule."""
    return trial.overruled is not None and is_by_rule(trial.overruled, trial)


def _given_up_at(trial: TrialState) -> int | None:
    """The rung at which a rule gave it up."""
    rungs = [
        rung
        for rung, judged in trial.judged.items()
        if judged.decision == "stop"
        or judged.spared
        or (judged.decision == "pause" and not _went_on(trial, rung))
    ]
    return max(rungs, default=None)


def _went_on(trial: TrialState, rung: int) -> bool:
    return rung in trial.promotions and not trial.promotions[rung].spared


def _chance_at(trial: TrialState, rung: int) -> float | None:
    """To overtake the leader, when it was given up: a paused trial was when nothing else ran."""
    promoted = trial.promotions.get(rung)
    return promoted.overtakes if promoted is not None else trial.judged[rung].overtakes


def _risk(stopped: Sequence[TrialState]) -> Risk:
    told = [trial.ended.overtakes for trial in stopped if trial.ended]
    chances = [chance for chance in told if chance is not None]
    return Risk(
        expected=math.fsum(chances),
        reckoned=len(chances),
        unreckoned=len(told) - len(chances),
        largest=max(chances, default=None),
    )


class _Leaders:
    """Final values, and who leads among trials that were not given up."""

    def __init__(
        self, state: SweepState, trials: Sequence[TrialState], given_up: set[str], seeds_together: bool
    ) -> None:
        self._together = seeds_together
        self._finals = _finals(state, trials)
        self._all = self._means(trials)
        self._others = self._means(trial for trial in trials if trial.trial_id not in given_up)

    def outcome(self, trial: TrialState) -> Ran:
        rung = _given_up_at(trial)
        chance = None if rung is None else _chance_at(trial, rung)
        own = self._all.get(self._unit(trial)) if trial.trial_id in self._finals else None
        rivals = [value for unit, value in self._others.items() if unit != self._unit(trial)]
        above = None if own is None or not rivals else own > max(rivals)
        return Ran(trial_id=trial.trial_id, arm=trial.arm, overtakes=chance, above=above)

    def _means(self, trials: Iterable[TrialState]) -> Mapping[str, float]:
        """By arm or trial, of what was measured at the end."""
        values: dict[str, list[float]] = {}
        for trial in trials:
            if trial.trial_id in self._finals:
                values.setdefault(self._unit(trial), []).append(self._finals[trial.trial_id])
        return {unit: fmean(own) for unit, own in values.items()}

    def _unit(self, trial: TrialState) -> str:
        return trial.arm if self._together else trial.trial_id


def _finals(state: SweepState, trials: Iterable[TrialState]) -> dict[str, float]:
    """By trial id; a training that diverged is behind everybody."""
    final, metric = rungs_of(state)[-1], metric_of(state)
    values = {
        trial.trial_id: trial.reports[final].metrics.get(metric, math.nan)
        for trial in trials
        if final in trial.reports
    }
    return {trial_id: -math.inf if math.isnan(value) else value for trial_id, value in values.items()}


def _distribution(chances: Iterable[float]) -> list[float]:
    """Probability of 0, 1, 2, ... among independent events (Poisson's binomial)."""
    found = [1.0]
    for chance in chances:
        without, with_it = [*found, 0.0], [0.0, *found]
        found = [a * (1 - chance) + b * chance for a, b in zip(without, with_it, strict=True)]
    return found
