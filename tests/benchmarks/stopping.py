"""Early stopping on recorded families: how often the winner is lost, and the cost; others' rules and ours.

    python -m tests.benchmarks.stopping --curves ../shared/data/curves

Prints the tables of docs/benchmarks.md; `--docs docs/benchmarks.md --figure docs/images/stopping_pareto.svg`
puts them there and draws them. Any folder will do that has a segmentation_curves.parquet of the same columns.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from tests.benchmarks.families import FILE_NAME
from tests.benchmarks.stopping_bounds import bound_lines
from tests.benchmarks.stopping_contenders import Contender, contenders
from tests.benchmarks.stopping_figure import write_figure
from tests.benchmarks.stopping_runs import CURVE_ORDERS, measured
from tests.benchmarks.stopping_subjects import Subject, subjects
from tests.benchmarks.stopping_tables import (
    GOALS,
    against_peers,
    goal_lines,
    group_table,
    lost_families,
    main_table,
)

BEGIN, END = "<!-- tests.benchmarks.stopping -->", "<!-- end -->"


def main() -> None:
    """Print the figures of docs/benchmarks.md."""
    options = _options()
    if not (options.curves / FILE_NAME).exists():
        print(
            f"{options.curves / FILE_NAME} is not there: nothing to measure. --curves FOLDER names another."
        )
        return
    chosen = [one for one in contenders() if any(one.name.startswith(rule) for rule in options.rules or [""])]
    if not chosen:
        names = ", ".join(dict.fromkeys(one.rule for one in contenders()))
        print(f"--rules names none of those there are: {names}")
        return
    began = time.perf_counter()
    of_all = subjects(options.curves, options.orders)
    if not of_all:
        print(f"{options.curves / FILE_NAME} holds no three configurations that differ in one setting alone.")
        return
    rows = _measured_aloud(chosen, of_all)
    text = "\n".join(_sections(rows, of_all, options.orders))
    print(text)
    if options.docs:
        _put_between_marks(options.docs, text)
    if options.figure:
        write_figure(rows, options.figure)
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


def _sections(rows: pd.DataFrame, of_all: Sequence[Subject], orders: int) -> Iterator[str]:
    """Markdown: what was measured, goals, bounds, tables."""
    tasks = {subject.family.task for subject in of_all}
    yield f"{len(of_all)} families of {len(tasks)} tasks; {orders} orders, the error of the curve over"
    yield f"{min(orders, CURVE_ORDERS)} of them; {date.today()}.\n"
    if rows["ours"].any():
        yield from ("Goals:\n", *goal_lines(rows), "")
    yield from ("Bounds:\n", *bound_lines(of_all, [goal.lost for goal in GOALS]), "")
    yield from (main_table(rows), "\nBy group of families:\n", group_table(rows))
    if rows["ours"].nunique() == 2:
        yield from (
            "\nWhat ours lose at a peer's cost (-: none is so cheap; bold: more than the peer):\n",
            against_peers(rows),
        )
    if rows["ours"].any():
        yield from lost_families(rows, of_all)


def _put_between_marks(docs: Path, text: str) -> None:
    before, begin, rest = docs.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"{docs} has no {BEGIN} ... {END}"
    docs.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")


def _measured_aloud(chosen: Sequence[Contender], of_all: Sequence[Subject]) -> pd.DataFrame:
    """With a line on stderr for each rule: the whole takes minutes."""
    frames = []
    for one in chosen:
        began = time.perf_counter()
        frames.append(measured([one], of_all))
        lost, cost = frames[-1]["lost"].mean(), frames[-1]["cost"].mean()
        seconds = time.perf_counter() - began
        print(f"{one.name}: lost {lost:.1%}, cost {cost:.3f} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return pd.concat(frames, ignore_index=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--curves", type=Path, default=Path("../shared/data/curves"))
    parser.add_argument("--orders", type=int, default=200, help="random arrival orders of each family")
    parser.add_argument("--rules", nargs="+", help="only those whose names begin so: 'Ray ASHA' guarded")
    parser.add_argument("--docs", type=Path, help="where the tables go, between marks: docs/benchmarks.md")
    parser.add_argument("--figure", type=Path, help="where to draw: docs/images/stopping_pareto.svg")
    return parser.parse_args()


if __name__ == "__main__":
    main()
