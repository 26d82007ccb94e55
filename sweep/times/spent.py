"""Where the time of trials went: a reckoning of what the ledger says, nothing of it measured here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from sweep.ledger.state import SweepState, TrialState

WORK = ("training", "data", "validation", "checkpointing")


@dataclass(frozen=True, kw_only=True)
class TimeShares:
    """Seconds. All but `waited` add up to `held`."""

    waited: float = 0.0
    """From the moment when a trial was given to Ray to its process's first word, over all attempts."""
    starting: float = 0.0
    """What is none of the others: imports, opening the data, building the network, ending."""
    training: float = 0.0
    data: float = 0.0
    """The training thread waited for its next batch."""
    validation: float = 0.0
    checkpointing: float = 0.0
    lost: float = 0.0
    """Done after the last report of an attempt that broke off, so that it is done again or is of no use; all
    that a failed trial took."""

    @property
    def held(self) -> float:
        """For which trials had a process, and with it cores and GPUs."""
        return math.fsum(getattr(self, field.name) for field in fields(self) if field.name != "waited")

    def __add__(self, other: TimeShares) -> TimeShares:
        names = [field.name for field in fields(self)]
        return TimeShares(**{name: getattr(self, name) + getattr(other, name) for name in names})


def time_of_trial(state: SweepState, trial: TrialState) -> TimeShares | None:
    """None of a trial that nobody has trained here, and of one that tells nothing of its work."""
    if not trial.starts or state.provenance != "measured":
        return None
    attempts = [_attempt(state, trial, number) for number in range(len(trial.starts))]
    held = math.fsum(end - start for start, end, _ in attempts)
    waited = math.fsum(start.waited or 0.0 for start in trial.starts)
    if trial.status == "failed":
        return TimeShares(waited=waited, lost=held)
    if not any(report.spent for report in trial.reports.values()):
        return None
    spent = trial.reports[max(trial.reports)].spent
    work = {kind: spent.get(kind, 0.0) for kind in WORK}
    rest = max(0.0, held - math.fsum(work.values()))
    lost = min(rest, math.fsum(lost for _, _, lost in attempts))  # a checkpoint between reports saves some
    starting = rest - lost
    return TimeShares(waited=waited, starting=starting, lost=lost, **work)


def time_of_sweep(state: SweepState) -> TimeShares | None:
    """Over all trials of the sweep; None where nothing is known of any."""
    shares = (time_of_trial(state, trial) for trial in state.trials.values())
    known = [one for one in shares if one is not None]
    return sum(known[1:], start=known[0]) if known else None


def _attempt(state: SweepState, trial: TrialState, number: int) -> tuple[float, float, float]:
    """When it began and ended, and how many of the seconds were lost."""
    start = trial.starts[number].time
    before = trial.starts[number + 1].time if number + 1 < len(trial.starts) else math.inf
    fault = _first_after(start, before, (fault.time for fault in trial.faults))
    ended = [trial.ended.time] if trial.ended else []
    ended += [trial.overruled.time] if trial.overruled else []
    ended += [judged.time for judged in trial.judged.values() if judged.decision == "pause"]
    ended += [driver.ended.time for driver in state.drivers if driver.ended]
    in_order = _first_after(start, before, ended)
    reported = max([start, *(one.time for one in trial.reports.values() if start <= one.time < before)])
    if min(fault, in_order) < math.inf:
        end = min(fault, in_order)
    elif before == math.inf:  # it runs: what it did since its last report it has not told
        end = reported
    else:  # its driver was killed: known is what it said last
        heard = (one.time for one in trial.progress_history.values() if start <= one.time < before)
        end = max([reported, *heard])
    broke_off = fault <= in_order and (fault < math.inf or before < math.inf)
    return start, end, max(0.0, end - reported) if broke_off else 0.0


def _first_after(start: float, before: float, times: Iterable[float]) -> float:
    return min((time for time in times if start <= time <= before), default=math.inf)
