"""Where the time went, in a line and as a table."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.ledger.state import SweepState
from sweep.times.savings import savings
from sweep.times.spent import WORK, time_of_sweep, time_of_trial

_WORDS = {
    "training": "training",
    "data": "waiting for data",
    "validation": "validation",
    "checkpointing": "checkpointing",
    "starting": "starting",
    "lost": "lost to failures",
}
HEADINGS = ("trial", "waited", "starting", *WORK, "lost")
"""Of `time_rows`."""
_MOST_ROWS = 60


def time_line(state: SweepState) -> str:
    """As `time: 1.2 GPU-hours: 91 % training, ...`; empty where nothing is known."""
    shares = time_of_sweep(state)
    if shares is None or shares.held <= 0:
        return ""
    gpus: float = state.created.spec["resources"]["gpus_per_trial"]
    unit, per_hour = ("GPU-hours", gpus) if gpus else ("trial-hours", 1.0)
    parts = ", ".join(
        f"{getattr(shares, name) / shares.held:.0%} {words}"
        for name, words in _WORDS.items()
        if getattr(shares, name) / shares.held >= 0.005 or name == "training"
    )
    told = [f"Time: {_hours(shares.held / 3600 * per_hour)} {unit}, of which {parts}"]
    told.append(
        f"{_hours(shares.waited / 3600)} hours waited for {'a GPU' if gpus else 'a core'} and a process"
    )
    saved = savings(state)
    hours = saved.gpu_hours if gpus else saved.trial_hours
    if hours:
        told.append(f"early stopping saved about {_hours(hours)} {unit}")
    return "; ".join(told) + "."


def time_rows(state: SweepState) -> Iterator[tuple[str, ...]]:
    """A row a trial, in seconds, by `HEADINGS`."""
    for trial in state.trials.values():
        if (shares := time_of_trial(state, trial)) is not None:
            yield (trial.trial_id, *(f"{getattr(shares, name):.1f}" for name in HEADINGS[1:]))


def time_table(state: SweepState) -> tuple[list[tuple[str, ...]], int]:
    """The first rows, and how many are left out."""
    rows = list(time_rows(state))
    return rows[:_MOST_ROWS], max(0, len(rows) - _MOST_ROWS)


def _hours(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 100 else f"{hours:.2f}"
