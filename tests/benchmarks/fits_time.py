"""How long all fits of a sweep take: 30 trials, 5 rungs, a third of the trials stopped early.

python -m tests.benchmarks.fits_time
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from sweep.analysis import analyse
from sweep.analysis.proposals import proposed_trials
from sweep.report import write_report
from tests.builders import sweep_state

RATIOS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
RUNGS = (60, 120, 180, 240, 300)
_REPEATS = 7


def main() -> None:
    """Prints the table."""
    stopped = {
        (f"real_ratio={ratio}", seed): 60 + 60 * (seed % 2) for ratio in RATIOS[1:6] for seed in (1, 2)
    }
    state = sweep_state(arms=RATIOS, seeds=(0, 1, 2), rungs=RUNGS, stopped=stopped)
    analysis = analyse(state)  # imports and tables are read once
    print(f"{len(state.trials)} trials, {len(stopped)} stopped, {len(RUNGS)} rungs; median of {_REPEATS}\n")
    print("| what | seconds |\n|---|---|")
    with TemporaryDirectory() as folder:
        calls: dict[str, Callable[[], object]] = {
            "all fits (`analyse`)": lambda: analyse(state),
            "proposals for 20 trainings": lambda: proposed_trials(state, analysis, 20 * RUNGS[-1]),
            "the whole report, fits and figures": lambda: write_report(state, Path(folder)),
        }
        for name, call in calls.items():
            print(
                f"| {name} | {statistics.median(_seconds(call) for _ in range(_REPEATS)):.2f} |", flush=True
            )


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
