"""A sweep out of an MLflow store alone: what its ledger says, without the ledger."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sweep.errors import StorageError, SweepNotFoundError
from sweep.ledger.events import Event, RunTracked, SweepCreated, TrialEvent, TrialPlanned
from sweep.ledger.lines import DamagedLineError, NewerLineError
from sweep.ledger.state import SweepState, replay
from sweep.tracking.carried import PARTS, carried_events
from sweep.tracking.stored import StoredRun, StoredRuns
from sweep.tracking.target import TrackingTarget


def state_of_runs(
    uri: str, experiment: str, name: str | None, say: Callable[[str], None] = lambda _: None
) -> SweepState:
    """The state of a sweep whose runs are in a store, out of their tags; no artifact is read.

    It is that of the ledger as far as the store was written, but for `progress_history`, which holds only
    the last line before anything else happened. A trial whose run was deleted counts as not started.

    Args:
        uri: MLflow's tracking URI.
        experiment: its experiment.
        name: of the sweep, or its sweep id. None: the only one that the experiment has.
        say: is told that there are several sweeps of this name, of which the newest is read.

    Raises:
        StorageError: the store cannot be read, or a run in it is not whole.
        SweepNotFoundError: no such experiment or sweep; the message lists those there are.
    """
    target = TrackingTarget(uri, experiment, None)
    runs = StoredRuns(target)
    sweeps = _fullest(runs.having({"segsweep.kind": "sweep"}), "segsweep.sweep_id")
    parent = _chosen(sweeps, name, target, say)
    own = {"segsweep.kind": "trial", "segsweep.sweep_id": parent.tags["segsweep.sweep_id"]}
    trials = _fullest(runs.having(own), "segsweep.trial_id")
    events = {run.tags.get("segsweep.trial_id"): _events(run, parent.name) for run in (parent, *trials)}
    state = _replayed(events.pop(None), list(events.values()))
    for run in (parent, *trials):
        trial_id = run.tags.get("segsweep.trial_id")
        state.apply(RunTracked(trial_id=trial_id, run_id=run.run_id, tracking_uri=target.public_uri))
    return state


def _fullest(runs: Iterable[StoredRun], identity: str) -> list[StoredRun]:
    """One run of each identity: a store that answers too late may have made two, of which one is used."""
    chosen: dict[str, StoredRun] = {}
    for run in runs:
        known = chosen.get(run.tags[identity])
        if known is None or _fullness(run) > _fullness(known):
            chosen[run.tags[identity]] = run
    return list(chosen.values())


def _fullness(run: StoredRun) -> tuple[int, float]:
    return sum(len(value) for key, value in run.tags.items() if key.startswith(PARTS)), run.start


def _chosen(
    sweeps: Sequence[StoredRun], name: str | None, target: TrackingTarget, say: Callable[[str], None]
) -> StoredRun:
    """The newest sweep of that name."""
    fitting = [run for run in sweeps if name in (None, run.name, run.tags["segsweep.sweep_id"])]
    names = sorted({run.name for run in sweeps})
    there = f"sweeps in experiment {target.experiment!r} of MLflow at {target.public_uri}: "
    there += ", ".join(names) or "none"
    if not fitting:
        raise SweepNotFoundError(f"no sweep {name!r}; {there}" if name else there)
    if len({run.name for run in fitting}) > 1:
        raise SweepNotFoundError(f"say which sweep; {there}")
    newest, *others = sorted(fitting, key=lambda run: run.start, reverse=True)
    if others:
        say(
            f"{len(fitting)} sweeps are named {newest.name!r}; this is the newest, {_moment(newest)}. "
            f"A sweep id in place of the name takes another: {', '.join(map(_moment, others))}"
        )
    return newest


def _moment(run: StoredRun) -> str:
    begun = datetime.fromtimestamp(run.start).strftime("%Y-%m-%d %H:%M:%S")
    return f"{run.tags['segsweep.sweep_id']} of {begun}"


def _events(run: StoredRun, sweep: str) -> list[Event]:
    """What the run carries; nothing if it was only just made."""
    mend = f"Run `sweep sync {sweep}` where the ledger of the sweep is, with this version of segsweep"
    try:
        events = carried_events(run.tags)
    except NewerLineError as error:
        raise StorageError(
            f"the run {run.name!r} was written by a newer version of segsweep: {error}. Update segsweep"
        ) from None
    except (DamagedLineError, ValueError) as error:
        raise StorageError(f"the run {run.name!r} in MLflow is damaged: {error}. {mend}") from None
    is_trial = "segsweep.trial_id" in run.tags
    if events is None and not (is_trial and run.is_running):
        raise StorageError(
            f"the run {run.name!r} in MLflow does not carry what a sweep is read back from: it was written "
            f"by an older version of segsweep, or not to the end. {mend}"
        )
    return events or []


def _replayed(of_sweep: Sequence[Event], of_trials: Sequence[Sequence[Event]]) -> SweepState:
    """The state after all events, which are in order within each run and by time among runs."""
    first = [event for event in of_sweep if isinstance(event, SweepCreated | TrialPlanned)]
    rest = [event for event in of_sweep if not isinstance(event, SweepCreated | TrialPlanned)]
    streams = [*of_trials, *_by_subject(rest).values()]
    return replay([*first, *heapq.merge(*streams, key=lambda event: event.time)])


def _by_subject(events: Iterable[Event]) -> Mapping[str | None, list[Event]]:
    """By trial; None, the sweep itself, comes last: a driver ends after what it did at that moment."""
    found: dict[str | None, list[Event]] = {}
    for event in events:
        subject = event.trial_id if isinstance(event, TrialEvent) else None
        found.setdefault(subject, []).append(event)
    return dict(sorted(found.items(), key=lambda item: item[0] is None))
