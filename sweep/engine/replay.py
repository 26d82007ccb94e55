"""Recorded curves through real Ray Tune: what a simulation says a sweep would decide, decided by a sweep."""

from __future__ import annotations

import itertools
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sweep.engine.cluster import ray_cluster, send_library_logs_to
from sweep.engine.driver import Driver
from sweep.engine.promotions import PromotingSource, give_up_paused
from sweep.engine.run import fit, interrupts_reach
from sweep.engine.sources import PlanSource, planned_trial
from sweep.engine.work import replaying
from sweep.errors import SweepError
from sweep.ledger import Ledger, SweepState
from sweep.ledger.events import DriverEnded, DriverStarted
from sweep.plan import PlannedTrial
from sweep.simulation import Outcome, Recording, Run, Runs, outcome_of
from sweep.spec import BudgetConfig, EarlyStoppingConfig, ResourcesConfig, Spec, TrackingConfig
from sweep.stopping import Board, judge_of
from sweep.storage import SweepFolder
from trainables.contract.recorded import Metrics

_CPUS_PER_TRIAL = 0.01
"""A replay only waits, so that far more of them than there are cores can run at once."""


@contextmanager
def runs_on_ray(recording: Recording, spec: Spec, workers: int) -> Iterator[Runs]:
    """How `sweep.simulation.simulate` runs sweeps on Ray, which is up meanwhile; nothing of them is kept.

    Raises ClusterError if Ray cannot be reached.
    """
    with TemporaryDirectory(prefix="segsweep-") as storage, ray_cluster(replay_spec(spec, workers)):
        send_library_logs_to(Path(storage) / "replay.log")
        numbers = itertools.count()

        def runs(config: EarlyStoppingConfig) -> Run:
            own = spec.model_copy(update={"early_stopping": config})

            def run(order: Sequence[str]) -> tuple[Outcome, SweepState]:
                folder = SweepFolder(Path(storage), f"{config.name}-{next(numbers)}")
                state = replay_through_ray(recording, own, folder, order, workers)
                pace = recording.seconds_per_iteration or 1.0
                return outcome_of(Ledger(folder.ledger).read(), workers, recording.rungs, pace), state

            return run

        yield runs


def replay_through_ray(
    recording: Recording,
    spec: Spec,
    folder: SweepFolder,
    order: Sequence[str],
    workers: int,
    seconds_per_iteration: float = 0.0,
) -> SweepState:
    """Runs recorded trials on Ray, which is up, as if they were trained, under the spec's `early_stopping`.

    With one worker all that is decided is what a simulation in the same order says. With several, reports
    arrive as they happen to.

    Args:
        recording: the trials, their values at every rung, and what they are judged by.
        spec: of its other sections nothing counts but `search.seed`.
        folder: of the new sweep, which is made; its ledger is kept.
        order: ids of the recorded trials, as they start.
        workers: trials at once.
        seconds_per_iteration: how long a trial waits before each.

    Returns:
        The state at the end.

    Raises:
        NameInUseError, StorageError: the folder cannot be made.
        SweepError: a trial failed; the message says which and why.
        KeyboardInterrupt: Ctrl-C, SIGTERM.
    """
    folder.create()
    with folder.locked():
        driver = _driver(recording, replay_spec(spec, workers), folder)
        trials = [planned_trial(driver.state.trials[trial_id]) for trial_id in order]
        source = PromotingSource(PlanSource(trials), driver)
        work = replaying(_curves_of(recording), seconds_per_iteration)
        try:
            with interrupts_reach(driver):
                fit(driver, source, work, reuse_processes=True)
        except Exception as error:
            raise driver.fault or error from error  # Ray wraps what the driver raises
        if driver.interrupted:
            raise KeyboardInterrupt
        give_up_paused(driver)
        driver.record(DriverEnded(outcome="completed", reason="every trial was replayed"))
    must_have_replayed_all(driver.state)
    return driver.state


def replay_spec(spec: Spec, workers: int) -> Spec:
    """The spec of a sweep that trains nothing."""
    resources = ResourcesConfig(cpus_per_trial=_CPUS_PER_TRIAL, concurrent_trials=workers)
    tracking = TrackingConfig(enabled=False)
    return spec.model_copy(update={"budget": BudgetConfig(), "resources": resources, "tracking": tracking})


def _driver(recording: Recording, spec: Spec, folder: SweepFolder) -> Driver:
    """Of a sweep that was just planned, judged as the recording is."""
    ledger = Ledger(folder.ledger)
    created = recording.created_with(spec.early_stopping)
    ledger.append(replace(created, time=0.0, sweep_id=uuid.uuid4().hex, name=folder.name))
    driver = Driver(folder, spec, ledger, judge_of(spec))
    driver.state.provenance = recording.provenance
    driver.rungs = recording.rungs
    driver.board = Board(
        driver.state, recording.rungs, recording.metric, recording.is_protected, recording.is_baseline
    )
    driver.record(DriverStarted(pid=os.getpid(), host=socket.gethostname()))
    for planned in recording.planned.values():
        driver.record(replace(planned, time=0.0))
    return driver


def _curves_of(recording: Recording) -> Callable[[PlannedTrial], Mapping[int, Metrics]]:
    """What a trial of the recording is to report, by iteration."""
    return lambda trial: {report.iteration: report.metrics for report in recording.reports[trial.trial_id]}


def must_have_replayed_all(state: SweepState) -> None:
    """Nothing. Raises SweepError."""
    faults = [
        f"the replay of {trial.trial_id} {'failed' if trial.ended else 'did not end'}: "
        f"{trial.faults[-1].reason if trial.faults else 'Ray ended before it'}"
        for trial in state.trials.values()
        if trial.status == "failed" or trial.ended is None
    ]
    if faults:
        raise SweepError("\n".join(faults))
