"""The Pareto figure: cost against winners lost, other people's rules and ours."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.stopping_contenders import OVER_CURVE
from tests.benchmarks.stopping_tables import GOALS, over_families

_OURS, _PEERS, _GOAL = "#0072b2", "#d55e00", "#009e73"  # Okabe and Ito's: told apart by the colour-blind too
_MARKERS = {False: "osD^vPX", True: "osD^"}  # of the others' rules, of ours


def write_figure(rows: pd.DataFrame, target: Path) -> None:
    """As SVG or PNG, as the name says."""
    table = over_families(rows)
    table = table[(table["rule"] != OVER_CURVE) & (table["rule"] != "none")]
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for ours, colour in ((False, _PEERS), (True, _OURS)):
        side = table[table["ours"] == ours]
        if len(side):
            _points(axes, side, colour, _MARKERS[ours])
            _frontier(axes, side, colour, "ours" if ours else "others")
    _goals(axes)
    axes.set_yscale("function", functions=(np.sqrt, np.square))
    axes.set_ylim(0, 100 * table["lost"].max() * 1.05)
    axes.set_yticks([0, 0.5, 1, 2, 3, 5, 10, 20, 30])
    axes.set_yticklabels(["0", "0.5", "1", "2", "3", "5", "10", "20", "30"])
    axes.set_xlabel("cost: share of all iterations")
    axes.set_ylabel("winner lost, % of families and orders (square root)")
    axes.grid(alpha=0.3)
    axes.set_xlim(0.9 * min(table["cost"].min(), GOALS[-1].cost), 1.01)
    figure.legend(fontsize=8, loc="outside right center")
    target.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "segsweep"}):
        figure.savefig(target, dpi=150, metadata={"Date": None} if target.suffix == ".svg" else None)


def _points(axes: Axes, side: pd.DataFrame, colour: str, markers: str) -> None:
    """Filled where they are ours."""
    for marker, (rule, of_rule) in zip(markers, side.groupby("rule", sort=False), strict=False):
        axes.plot(
            of_rule["cost"],
            100 * of_rule["lost"],
            marker,
            color=colour,
            fillstyle="full" if markers == _MARKERS[True] else "none",
            markersize=6,
            clip_on=False,
            label=rule,
        )


def _frontier(axes: Axes, side: pd.DataFrame, colour: str, whose: str) -> None:
    """The settings that no other beats in both; between two of them, the dearer one's loss is not yet had."""
    best = side.sort_values(["cost", "lost"])
    best = best[best["lost"] < best["lost"].cummin().shift(fill_value=np.inf)]
    costs = [*best["cost"], 1.0]
    axes.step(
        costs,
        100 * np.array([*best["lost"], best["lost"].iloc[-1]]),
        where="post",
        color=colour,
        linewidth=1.2,
        alpha=0.7,
        label=f"frontier of {whose}",
    )


def _goals(axes: Axes) -> None:
    for goal in GOALS:
        axes.plot(
            [goal.cost, goal.cost, 0],
            [0, 100 * goal.lost, 100 * goal.lost],
            color=_GOAL,
            linestyle="--",
            linewidth=1,
        )
        axes.annotate(
            f"goal: {goal.lost:.0%} at {goal.cost:.2f}",
            (goal.cost, 100 * goal.lost),
            fontsize=8,
            color=_GOAL,
            ha="right",
            va="top",
        )
