"""What the stopping benchmark prints: Markdown, ready for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.benchmarks.families import GROUPS, RUNGS
from tests.benchmarks.stopping_contenders import OVER_CURVE
from tests.benchmarks.stopping_subjects import Subject

RESAMPLES = 2000


@dataclass(frozen=True)
class Goal:
    """At most so much lost at no more than this cost."""

    lost: float
    cost: float


GOALS = (Goal(0.03, 0.60), Goal(0.05, 0.50))
CURVE_ERROR, CURVE_COST = 0.6, 0.45


def over_families(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each rule: means over families, the largest regret of any, and 95 % intervals.

    The intervals come from drawing families anew. Families of one task are alike, so they are too narrow.
    """
    names = rows["name"].unique()
    return pd.DataFrame([_over_families(rows[rows["name"] == name]) for name in names]).set_index("name")


def main_table(rows: pd.DataFrame) -> str:
    """All families together."""
    heads = ("rule", "winner lost, %", "95 %", "regret", "at most", "cost", "95 %", "curve error")
    return _markdown(
        heads,
        (
            (
                name,
                f"{row.lost:.1%}"[:-1],
                f"{row.lost_low:.1%}"[:-1] + " to " + f"{row.lost_high:.1%}"[:-1],
                f"{row.regret:.2f}",
                f"{row.max_regret:.1f}",
                f"{row.cost:.3f}",
                f"{row.cost_low:.2f} to {row.cost_high:.2f}",
                _or_dash(row.curve_error, ".2f"),
            )
            for name, row in over_families(rows).iterrows()
        ),
    )


def group_table(rows: pd.DataFrame) -> str:
    """Lost and cost for each group of families."""
    present = [group for group in GROUPS if group in set(rows["group"])]
    counts = {group: rows.loc[rows["group"] == group, "family"].nunique() for group in present}
    heads = ("rule", *(f"{group} ({counts[group]}): lost, % | cost" for group in present))
    means = rows.groupby(["name", "group"], sort=False)[["lost", "cost"]].mean()
    return _markdown(
        heads,
        (
            (name, *(f"{100 * of[group, 'lost']:.1f} | {of[group, 'cost']:.3f}" for group in present))
            for name, of in ((name, means.loc[name].stack()) for name in rows["name"].unique())
        ),
    )


def goal_lines(rows: pd.DataFrame) -> Iterator[str]:
    """Each goal, and how near ours come to it."""
    ours = over_families(rows[rows["ours"]])
    winner = ours[ours["rule"] != OVER_CURVE]
    for goal in GOALS:
        found = winner[(winner["lost"] <= goal.lost) & (winner["cost"] <= goal.cost)]
        nearest = (
            f"met by {', '.join(found.index)}"
            if len(found)
            else f"not met: at that cost {_said(_least(winner, 'cost', goal.cost, 'lost'))}; "
            f"at that loss {_said(_least(winner, 'lost', goal.lost, 'cost'))}"
        )
        yield f"- winner lost in at most {goal.lost:.0%} at cost <= {goal.cost:.2f}: {nearest}"
    curve = ours.dropna(subset=["curve_error"])
    if len(curve):
        yield _curve_goal(curve, rows)


def against_peers(rows: pd.DataFrame) -> str:
    """What each of our rules loses at a peer's cost; bold where that is more than the peer does.

    Between two settings of a rule, and between those and no stopping, it is a straight line: what one has who
    takes either by chance.
    """
    table = over_families(rows)
    peers, ours = table[~table["ours"]], table[table["ours"]]
    rules = [rule for rule in ours["rule"].unique() if rule not in ("none", OVER_CURVE)]
    heads = ("peer", "cost", "lost, %", *(f"{rule}, lost, %" for rule in rules))
    lost = {rule: _lost_at(peers["cost"], ours[ours["rule"] == rule]) for rule in rules}
    body = [
        (
            str(name),
            f"{peer.cost:.3f}",
            f"{100 * peer.lost:.1f}",
            *(_beaten(lost[rule][at], peer.lost) for rule in rules),
        )
        for at, (name, peer) in enumerate(peers.iterrows())
    ]
    return _markdown(heads, body)


def _lost_at(costs: pd.Series, settings: pd.DataFrame) -> NDArray[np.float64]:
    """Along the lower convex hull of the settings and of no stopping; NaN where none is so cheap."""
    hull: list[tuple[float, float]] = []
    for cost, lost in sorted([*zip(settings["cost"], settings["lost"], strict=True), (1.0, 0.0)]):
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], (cost, lost)):
            hull.pop()
        hull.append((cost, lost))
    hull_cost, hull_lost = zip(*hull, strict=True)
    at = np.interp(costs, hull_cost, np.minimum.accumulate(hull_lost))
    return np.where(costs < hull_cost[0], np.nan, at)


def _is_above(left: tuple[float, float], middle: tuple[float, float], right: tuple[float, float]) -> bool:
    return (middle[1] - left[1]) * (right[0] - left[0]) >= (right[1] - left[1]) * (middle[0] - left[0])


def _beaten(ours: float, peers: float) -> str:
    if np.isnan(ours):
        return "-"
    return f"**{100 * ours:.1f}**" if ours > peers + 1e-9 else f"{100 * ours:.1f}"


def lost_families(rows: pd.DataFrame, subjects: Sequence[Subject]) -> Iterator[str]:
    """Whose winner is lost by the rule of ours that loses least at each goal's cost, and why."""
    ours = rows[rows["ours"] & (rows["rule"] != OVER_CURVE)]
    by_key = {subject.family.key: subject for subject in subjects}
    for goal in GOALS:
        best = _least(over_families(ours), "cost", goal.cost, "lost")
        if best is None:
            yield f"\nNo rule of ours costs {goal.cost:.2f} or less."
            continue
        lost = ours[(ours["name"] == best.name) & (ours["lost"] > 0)].sort_values("lost", ascending=False)
        yield f"\n{best.name} (cost {best.cost:.3f}) loses the winner in {len(lost)} families:\n"
        heads = (
            "family",
            "trials",
            "lost, %",
            *(f"behind at {rung} %" for rung in RUNGS[:-1]),
            "ahead at the end",
        )
        yield _markdown(heads, (_lost_family(row, by_key[row.family]) for row in lost.itertuples()))


def _over_families(of_one: pd.DataFrame) -> dict[str, object]:
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(of_one), size=(RESAMPLES, len(of_one)))
    first = of_one.iloc[0]
    row: dict[str, object] = {"name": first["name"], "rule": first["rule"], "ours": bool(first["ours"])}
    for column in ("lost", "cost"):
        means = of_one[column].to_numpy()[drawn].mean(axis=1)
        row[f"{column}_low"], row[f"{column}_high"] = np.quantile(means, [0.025, 0.975])
        row[column] = of_one[column].mean()
    labels = of_one.dropna(subset=["curve_error"])
    return row | {
        "regret": of_one["regret"].mean(),
        "max_regret": of_one["max_regret"].max(),
        "curve_error": labels["curve_error"].mean(),
        "curve_cost": labels["cost"].mean(),
    }


def _curve_goal(ours: pd.DataFrame, rows: pd.DataFrame) -> str:
    """The cost is that of the families whose curve is fitted."""
    found = ours[(ours["curve_error"] <= CURVE_ERROR) & (ours["curve_cost"] <= CURVE_COST)]
    head = f"- curve within {CURVE_ERROR} points at cost <= {CURVE_COST} (families over the labelled share)"
    if len(found):
        return f"{head}: met by {', '.join(found.index)}"
    cheap = _least(ours, "curve_cost", CURVE_COST, "curve_error")
    near = _least(ours, "curve_error", CURVE_ERROR, "curve_cost")
    words = [
        f"{words} {one.name} ({one.curve_error:.2f} points at cost {one.curve_cost:.3f})"
        for words, one in (("at that cost", cheap), ("at that error", near))
        if one is not None
    ]
    return f"{head}: not met: {'; '.join(words) or 'no rule of ours comes near'}"


def _least(table: pd.DataFrame, limited: str, limit: float, wanted: str) -> pd.Series | None:
    """Of the rows with at most `limit`, the one with least of what is wanted."""
    within = table[table[limited] <= limit + 1e-9]
    return within.sort_values([wanted, limited]).iloc[0] if len(within) else None


def _said(row: pd.Series | None) -> str:
    return "none" if row is None else f"{row.name} ({row.lost:.1%} lost at cost {row.cost:.3f})"


def _lost_family(row: tuple, subject: Subject) -> tuple[str, ...]:  # type: ignore[type-arg]
    values = np.array(list(subject.values.values()))
    finals = np.sort(values[:, -1])
    behind = values.max(axis=0) - values[values[:, -1].argmax()]
    gaps = (f"{gap:.2f}" for gap in behind[:-1])
    return (row.family, str(len(values)), f"{100 * row.lost:.0f}", *gaps, f"{finals[-1] - finals[-2]:.2f}")


def _or_dash(number: float, form: str) -> str:
    return "-" if np.isnan(number) else f"{number:{form}}"


def _markdown(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "| " + " | ".join(heads) + " |"
    columns = head.count("|") - 1
    lines = [head, "|---" + "|--:" * (columns - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(cells) + " |" for cells in rows)])
