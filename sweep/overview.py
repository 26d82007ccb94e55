"""Sweeps and trials as tables on a terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath

from rich.markup import escape
from rich.table import Table

from sweep.ledger import SweepState, TrialState
from sweep.percent import in_percent
from sweep.storage import SweepFolder


def sweeps_table(sweeps: Iterable[tuple[SweepFolder, SweepState | None]]) -> Table:
    """A row a sweep; None for one whose ledger cannot be read."""
    table = Table("sweep", "owner", "created", "status", "trials", box=None)
    for folder, state in sweeps:
        if state is None:
            table.add_row(escape(folder.name), "", "", "damaged", f"`sweep status {folder.name}` says where")
            continue
        created = datetime.fromtimestamp(state.created.time).strftime("%Y-%m-%d %H:%M")
        owner, status = escape(state.created.owner), sweep_status(folder, state)
        table.add_row(escape(folder.name), owner, created, status, trial_counts(state))
    return table


def trials_table(folder: SweepFolder, state: SweepState) -> Table:
    """A row a trial."""
    metric = state.created.spec["search"]["metric"]
    title = f"{folder.name}: {sweep_status(folder, state)}; {trial_counts(state)}"
    title += f"\n{state.origin}" if state.origin else ""
    table = Table(box=None, title=title, title_justify="left")
    for heading in ("trial", "arm", "seed", "status", "iteration", metric):
        table.add_column(heading, no_wrap=True)
    table.add_column("why", overflow="fold")
    for trial in state.trials.values():
        planned = trial.planned
        table.add_row(
            planned.trial_id,
            escape(planned.arm),
            str(planned.seed),
            trial.status,
            str(trial.iteration),
            latest_value(trial, metric),
            escape(_short_reason(state, trial)),
        )
    return table


def times_table(state: SweepState) -> Table:
    """A row a trial: seconds by what they went on."""
    from sweep.times.words import HEADINGS, time_rows  # imports what no other table here needs

    table = Table(box=None, title="seconds", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "trial" else "right", no_wrap=True)
    for row in time_rows(state):
        table.add_row(*row)
    return table


def sweep_status(folder: SweepFolder, state: SweepState) -> str:
    """`running`, `queued`, how its last driver ended, `killed` if that left without a word, or `not started`
    before any; and `replayed` of a replay, `imported` where nothing was trained here."""
    status: str = state.outcome or ("killed" if state.drivers else "not started")
    if folder.is_running():
        status = f"queued behind {', '.join(state.queued.behind)}" if state.queued else "running"
    return status if state.provenance == "measured" else f"{status} ({state.provenance})"


def trial_counts(state: SweepState) -> str:
    """As `3 finished, 1 stopped`."""
    counts = Counter(trial.status for trial in state.trials.values())
    return ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none"


def latest_value(trial: TrialState, metric: str) -> str:
    """The last measured value and its iteration, as `31.20 @ 2050`; empty before any."""
    if not trial.reports:
        return ""
    iteration = max(trial.reports)
    return f"{trial.reports[iteration].metrics.get(metric, math.nan):.2f} @ {iteration}"


def _short_reason(state: SweepState, trial: TrialState) -> str:
    """Why it is not, or no longer, in the running; `sweep explain` has all of it."""
    if trial.imported is not None:
        return state.why_apart(trial) or f"imported from {PurePath(trial.imported.source).name}"
    if trial.status == "stopped" and trial.ended is not None:
        last = trial.judged[max(trial.judged)] if trial.judged else None
        if last is not None and last.reason == trial.ended.reason and last.cutoff is not None:
            return f"{last.value:.2f} < {last.cutoff:.2f}"
        return _chance(trial.ended.overtakes) or trial.ended.reason
    if trial.status == "paused":
        last = trial.judged[max(trial.judged)]
        return _chance(last.overtakes) or last.reason
    return trial.faults[-1].reason if trial.faults else ""


def _chance(overtakes: float | None) -> str:
    """To overtake the leader by the end; empty where none was reckoned."""
    return "" if overtakes is None else f"chance {in_percent(overtakes)}"
