"""How well any rule could do on these families: an oracle, and thresholds chosen in hindsight."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.families import RUNGS
from tests.benchmarks.stopping_peers import OracleStopper, fixed_gap
from tests.benchmarks.stopping_runs import results
from tests.benchmarks.stopping_subjects import Subject

THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 100.0)
"""Points behind the leader of a rung; 100 stops nobody."""
TUNING_ORDERS = 10


class Point(NamedTuple):
    """What was reached, and how."""

    lost: float
    cost: float
    points: tuple[float, ...]


def bound_lines(subjects: Sequence[Subject], losses: Sequence[float]) -> Iterator[str]:
    """In words."""
    yield f"- an oracle that knows the winner and stops all others at once: cost {_oracle(subjects):.3f}"
    knowing = float(np.mean([_cost_knowing_the_gaps(one) for one in subjects]))
    yield f"- one that knows how far behind the winner is at each rung, keeps all ahead of it: {knowing:.3f}"
    in_step = _in_step(subjects)
    for loss in losses:
        yield f"- {_words(_cheapest(in_step, loss), loss)}, all trials of a family in step"
        yield f"- {_words(_arriving(subjects, loss, in_step), loss)}, in the orders of the benchmark"


def _oracle(subjects: Sequence[Subject]) -> float:
    costs = [
        results(one, lambda one=one: OracleStopper(one.winners), one.orders[:1])[0].cost for one in subjects
    ]
    return float(np.mean(costs))


def _cost_knowing_the_gaps(subject: Subject) -> float:
    """Of a rule that sees values alone and stops the worst first: whoever is before the winner must go on."""
    values_TR = np.array(list(subject.values.values()))
    winner_R = values_TR[values_TR[:, -1].argmax()]
    alive_TR = np.logical_and.accumulate(values_TR >= winner_R, axis=1)
    return float((len(values_TR) + alive_TR[:, :-1].sum()) / values_TR.size)


def _words(point: Point, loss: float) -> str:
    points = ", ".join("none" if one == THRESHOLDS[-1] else f"{one:g}" for one in point.points)
    return (
        f"the best fixed gaps in hindsight for at most {loss:.0%} lost: cost {point.cost:.3f} "
        f"at {point.lost:.1%} (gaps at {', '.join(map(str, RUNGS[:-1]))} %: {points} points)"
    )


def _cheapest(points: Sequence[Point], loss: float) -> Point:
    return min((one for one in points if one.lost <= loss + 1e-9), key=lambda one: (one.cost, one.lost))


def _in_step(subjects: Sequence[Subject]) -> list[Point]:
    """Of every combination of thresholds, where all trials of a family stand at a rung when it is judged."""
    most = max(len(one.values) for one in subjects)
    values_FTR = np.full((len(subjects), most, len(RUNGS)), -np.inf)
    for at, one in enumerate(subjects):
        values_FTR[at, : len(one.values)] = list(one.values.values())
    return list(_deeper(values_FTR, np.isfinite(values_FTR[..., 0]), 0, np.zeros(len(subjects)), ()))


def _deeper(
    values_FTR: NDArray[np.float64],
    alive_FT: NDArray[np.bool_],
    rung: int,
    spent_F: NDArray[np.float64],
    chosen: tuple[float, ...],
) -> Iterator[Point]:
    spent_F = spent_F + alive_FT.sum(axis=1)
    here_FT = np.where(alive_FT, values_FTR[..., rung], -np.inf)
    leader_F1 = here_FT.max(axis=1, keepdims=True)
    if rung == len(RUNGS) - 1:
        everyone_FT = np.isfinite(values_FTR[..., 0])
        best_F = np.where(everyone_FT, values_FTR[..., -1], -np.inf).max(axis=1)
        cost_F = spent_F / (everyone_FT.sum(axis=1) * len(RUNGS))
        yield Point(float(np.mean(leader_F1[:, 0] < best_F)), float(cost_F.mean()), chosen)
        return
    for threshold in THRESHOLDS:
        kept_FT = alive_FT & (here_FT >= leader_F1 - threshold)
        yield from _deeper(values_FTR, kept_FT, rung + 1, spent_F, (*chosen, threshold))


def _arriving(subjects: Sequence[Subject], loss: float, in_step: Sequence[Point]) -> Point:
    """One threshold after the other is made as small as the loss allows, from where it is best in step."""
    starts = [_cheapest(in_step, loss).points, (3.0, 2.0, 1.5, 1.0)]
    found = [_improved(subjects, loss, start) for start in starts]
    return min(found, key=lambda one: (one.lost > loss + 1e-9, one.cost))


def _improved(subjects: Sequence[Subject], loss: float, start: tuple[float, ...]) -> Point:
    best = _measured(subjects, start)
    for at in itertools.islice(itertools.cycle(range(len(RUNGS) - 1)), 2 * (len(RUNGS) - 1)):
        for threshold in THRESHOLDS:
            points = (*best.points[:at], threshold, *best.points[at + 1 :])
            best = min(best, _measured(subjects, points), key=lambda one: (max(one.lost, loss), one.cost))
    return best


def _measured(subjects: Sequence[Subject], points: tuple[float, ...]) -> Point:
    found = [results(one, fixed_gap(*points), one.orders[:TUNING_ORDERS]) for one in subjects]
    lost = np.mean([np.mean([one.regret > 0 for one in of_one]) for of_one in found])
    cost = np.mean([np.mean([one.cost for one in of_one]) for of_one in found])
    return Point(float(lost), float(cost), points)
