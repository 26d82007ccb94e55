"""Who takes part in the stopping benchmark: rules and their settings, the peers' and ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sweep.simulation import Decider
from sweep.stopping import Asha, Guarded, Median, NoStopping, Promote, Rule
from tests.benchmarks import stopping_peers as peers
from tests.benchmarks.stopping_ours import our_decider
from tests.benchmarks.stopping_subjects import Subject

Decide = Callable[[], Decider]
"""A decider for one more order."""

DELTAS = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5)
SPENDS = (0.35, 0.4, 0.45, 0.5, 0.6)
TOLERANCES = (0.3, 0.45, 0.6, 0.8, 1.0)
GAPS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
OVER_CURVE = "promote for the curve"


@dataclass(frozen=True)
class Contender:
    """A rule with its settings."""

    rule: str
    settings: str
    ours: bool
    decide: Callable[[Subject], Decide]
    """Of a family; what it keeps between orders is kept in there."""

    @property
    def name(self) -> str:
        """Names it in tables."""
        return f"{self.rule}, {self.settings}" if self.settings else self.rule


def contenders() -> list[Contender]:
    """All, the peers first."""
    return [*_ray(), *_optuna(), *_fixed(), *_ours()]


def _ray() -> Iterator[Contender]:
    for factor in (2, 3, 4):
        for grace in (20, 40, 60):
            yield _peer("Ray ASHA", f"rf {factor}, grace {grace} %", peers.ray_asha(factor, grace))
    for grace in (20, 40, 60):
        for least in (1, 3):
            yield _peer("Ray median", f"grace {grace} %, {least} samples", peers.ray_median(grace, least))


def _optuna() -> Iterator[Contender]:
    for factor in (2, 3, 4):
        for least in (1, 2, 3):
            settings = f"rf {factor}, from rung {least}"
            yield _peer("Optuna halving", settings, peers.optuna_halving(factor, least))
    for startup in (1, 5):
        words = f"{startup} startup"
        yield _peer("Optuna median", words, peers.optuna_median(startup))
    for percentile in (25, 50, 75):
        decide = peers.optuna_percentile(percentile, 1)
        yield _peer("Optuna percentile", f"{percentile}, 1 startup", decide)
    for patience in (0, 1):
        decide = peers.optuna_patient(patience, 1)
        yield _peer("Optuna patient median", f"patience {patience}, 1 startup", decide)


def _fixed() -> Iterator[Contender]:
    for gap in GAPS:
        yield _peer("fixed gap", f"{gap:g} points", peers.fixed_gap(gap))


def _ours() -> Iterator[Contender]:
    yield _our("none", "", lambda _: NoStopping())
    for factor in (2, 3, 4):
        yield _our("asha", f"rf {factor}", lambda subject, factor=factor: Asha(factor, subject.noise_sd))
    yield _our("median", "", lambda subject: Median(subject.noise_sd))
    for delta in DELTAS:
        yield _our(
            "guarded",
            f"delta {delta:g}",
            lambda subject, delta=delta: Guarded(Asha(3, subject.noise_sd), delta, table=subject.table),
        )
    for delta in DELTAS:
        yield _promote("promote", f"delta {delta:g}", delta=delta)
    for spend in SPENDS:
        yield _promote("promote", f"spend {spend:g}", delta=DELTAS[0], spend=spend)
    for tolerance in TOLERANCES:
        settings = f"tolerance {tolerance:g}"
        yield _promote(OVER_CURVE, settings, delta=DELTAS[0], aim="curve", tolerance=tolerance)
    for spend in SPENDS:
        yield _promote(OVER_CURVE, f"spend {spend:g}", delta=DELTAS[0], aim="curve", spend=spend)


def _promote(rule: str, settings: str, **fields: Any) -> Contender:
    return _our(rule, settings, lambda subject: Promote(**fields, table=subject.table))


def _peer(rule: str, settings: str, decide: Decide) -> Contender:
    return Contender(rule, settings, ours=False, decide=lambda _: decide)


def _our(rule: str, settings: str, make: Callable[[Subject], Rule]) -> Contender:
    return Contender(
        rule, settings, ours=True, decide=lambda subject: our_decider(make(subject), subject.family)
    )
