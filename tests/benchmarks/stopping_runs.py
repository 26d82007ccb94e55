"""Every rule over every family and order: what is lost, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.simulation import Outcome, run
from tests.benchmarks.families import RUNGS
from tests.benchmarks.stopping_contenders import Contender, Decide
from tests.benchmarks.stopping_subjects import Subject

WORKERS = 4
CURVE_ORDERS = 20
"""Of each family over the labelled share, on which the error of the fitted curve is measured."""


@dataclass(frozen=True)
class Result:
    """Of one order."""

    regret: float
    """The best final value less the best that was trained to its end, in points."""
    cost: float
    """Share of all iterations."""
    reached: tuple[int, ...]
    """Rungs of each trial."""


def measured(contenders: Sequence[Contender], subjects: Sequence[Subject]) -> pd.DataFrame:
    """One row for each rule and family: means over orders, and the largest regret."""
    rows = [_row(contender, subject) for contender in contenders for subject in subjects]
    return pd.DataFrame(rows)


def results(subject: Subject, decide: Decide, orders: Sequence[tuple[str, ...]]) -> list[Result]:
    """Of each order. An order that comes twice ends twice alike."""
    known: dict[tuple[str, ...], Result] = {}
    for order in orders:
        if order not in known:
            outcome = run(subject.values, order, WORKERS, RUNGS, decide())
            known[order] = _result(subject, outcome)
    return [known[order] for order in orders]


def _row(contender: Contender, subject: Subject) -> dict[str, object]:
    all_results = results(subject, contender.decide(subject), subject.orders)
    regrets = np.array([one.regret for one in all_results])
    return {
        "rule": contender.rule,
        "name": contender.name,
        "ours": contender.ours,
        "family": subject.family.key,
        "task": subject.family.task,
        "group": subject.family.group,
        "orders": len(subject.orders),
        "lost": float(np.mean(regrets > 0)),
        "regret": float(regrets.mean()),
        "max_regret": float(regrets.max()),
        "cost": float(np.mean([one.cost for one in all_results])),
        "curve_error": _curve_error(subject, all_results),
    }


def _curve_error(subject: Subject, all_results: Sequence[Result]) -> float:
    """NaN where the family is none over the labelled share."""
    if subject.family.group != "labels":
        return float("nan")
    return float(np.mean([subject.curve_error(one.reached) for one in all_results[:CURVE_ORDERS]]))


def _result(subject: Subject, outcome: Outcome) -> Result:
    chosen = outcome.finished or _furthest(subject.values, outcome.reached)
    return Result(
        regret=subject.best - max(subject.values[trial_id][-1] for trial_id in chosen),
        cost=sum(outcome.reached.values()) / (len(RUNGS) * len(subject.values)),
        reached=tuple(outcome.reached[trial_id] for trial_id in subject.values),
    )


def _furthest(values: Mapping[str, tuple[float, ...]], reached: Mapping[str, int]) -> tuple[str]:
    """Where nobody was trained to the end: the best of those who came furthest."""
    return (max(reached, key=lambda one: (reached[one], values[one][reached[one] - 1])),)
