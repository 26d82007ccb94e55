"""Runs a sweep from wherever its ledger says it is, to its end or to an interruption."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from types import FrameType

from ray import tune

from sweep.engine.cluster import has_room, is_shared, most_at_once, ray_cluster
from sweep.engine.driver import Driver, Listener
from sweep.engine.extend import extend
from sweep.engine.promotions import PromotingSource, give_up_paused
from sweep.engine.ray_faults import FaultCallback
from sweep.engine.ray_nodes import NodeCallback
from sweep.engine.ray_placement import placement
from sweep.engine.ray_queue import Turn, TurnCallback
from sweep.engine.ray_reach import every_node_must_reach
from sweep.engine.ray_scheduler import LedgerScheduler
from sweep.engine.ray_search import LedgerSearcher, always
from sweep.engine.ray_stopper import InterruptStopper
from sweep.engine.ray_storage import StorageCallback
from sweep.engine.ray_tune import mend
from sweep.engine.ray_waiting import WaitingCallback
from sweep.engine.session import run_trial
from sweep.engine.sources import (
    BudgetedSource,
    PlanSource,
    TrialSource,
    search_is_complete,
    unfinished_trials,
)
from sweep.engine.work import Work, work_of
from sweep.ledger import Ledger
from sweep.ledger.events import DriverEnded, DriverStarted, SweepOutcome
from sweep.plan import planned_trials
from sweep.plan.addition import Addition
from sweep.spec import Spec
from sweep.spec.sections import REPLAY, SEGMENTATION
from sweep.stopping import judge_of
from sweep.storage import SweepFolder


def run_sweep(
    folder: SweepFolder,
    spec: Spec,
    ledger: Ledger,
    listeners: Sequence[Listener] = (),
    *,
    retry_failed: bool = False,
    addition: Addition | None = None,
) -> Driver:
    """Runs what is left of a sweep, with `retry_failed` what failed too, and an addition if there is one.

    The caller holds `folder.locked()`.

    Returns:
        The driver, whose `state` says what came out and whose `interrupted` says whether it was cut short.
    """
    driver = Driver(folder, spec, ledger, judge_of(spec), listeners)
    driver.record(DriverStarted(pid=os.getpid(), host=socket.gethostname()))
    driver.plan(planned_trials(spec))
    folder.withdraw_stop_request()  # it was for the driver before; one to stop a trial stands
    settle_reports(driver)
    if retry_failed:
        driver.reopen_failed()
    outcome: SweepOutcome = "failed"
    reason = "the driver broke off"
    try:
        with interrupts_reach(driver), ray_cluster(spec), interrupts_reach(driver):  # Ray installs its own
            every_node_must_reach(folder)
            if addition is not None:
                extend(driver, addition)  # not before: without a cluster nothing is added
            turn = Turn(driver) if is_shared() else None
            reuses = _may_reuse_processes(spec)
            fit(driver, _source(driver), work_of(spec), turn=turn, reuse_processes=reuses)
        give_up_paused(driver)
        outcome, reason = _outcome(driver)
    except KeyboardInterrupt:
        driver.interrupted = driver.interrupted or "interrupted by Ctrl-C"
        outcome, reason = _outcome(driver)
    except Exception as error:
        raise driver.fault or error from error
    finally:
        if driver.fault is None:
            driver.record(DriverEnded(outcome=outcome, reason=reason))
    return driver


def settle_reports(driver: Driver) -> None:
    """Judges reports that a driver recorded but, killed in between, did not judge any more."""
    for trial in list(driver.state.trials.values()):
        for rung in sorted(set(trial.reports) - set(trial.judged)):
            if trial.ended is None and rung in driver.rungs:
                driver.judge(trial, rung)
        if trial.ended is None and trial.judged:
            driver.act_on(trial, max(trial.judged))


def fit(
    driver: Driver,
    source: TrialSource,
    work: Work,
    *,
    turn: Turn | None = None,
    reuse_processes: bool = False,
) -> None:
    """Runs the source's trials on Ray, which is up, until there are no more or the driver was interrupted.

    Args:
        driver: is told and asked as things happen.
        source: hands out the trials.
        work: what a trial's process is to do.
        turn: says when the next trial may start beside other sweeps; None: there are no others.
        reuse_processes: a trial may run in the process of one that has finished or was stopped.
    """
    spec = driver.spec
    callbacks = [
        FaultCallback(driver),
        WaitingCallback(driver, turn),
        NodeCallback(),
        StorageCallback(driver),
    ]
    callbacks += [TurnCallback(turn)] if turn else []
    mend()
    with TemporaryDirectory(prefix="segsweep-ray-") as files:  # Ray pickles; nobody else may write here
        tune.Tuner(
            tune.with_resources(run_trial, placement(spec.resources)),
            tune_config=tune.TuneConfig(
                search_alg=LedgerSearcher(driver, source, work, turn.has_come if turn else always),
                scheduler=LedgerScheduler(driver),
                num_samples=-1,  # until the searcher says FINISHED
                max_concurrent_trials=most_at_once(spec.resources),
                reuse_actors=reuse_processes,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=files,
                stop=InterruptStopper(driver),
                failure_config=tune.FailureConfig(max_failures=0),  # the searcher hands it out once more
                callbacks=callbacks,
                verbose=0,
            ),
        ).fit()


def _may_reuse_processes(spec: Spec) -> bool:
    """Importing torch can take as long as a short trial. But what other people's code leaves behind nobody
    knows, nor what a GPU still holds."""
    is_ours = spec.trainable in (SEGMENTATION, REPLAY)
    return is_ours and not spec.resources.gpus_per_trial and not spec.training.compile


def _source(driver: Driver) -> TrialSource:
    spec, state = driver.spec, driver.state
    source: TrialSource = PlanSource(unfinished_trials(spec, state))
    if spec.search.method == "optuna":
        from sweep.engine.optuna_source import OptunaSource  # seconds to import, as the next two

        source = OptunaSource(driver)
    if spec.search.method == "curve":
        from sweep.engine.curve_proposer import curve_proposer
        from sweep.engine.curve_source import CurveSource

        source = CurveSource(driver, curve_proposer(spec))
    return PromotingSource(BudgetedSource(source, spec, state), driver, partial(has_room, spec.resources))


def _outcome(driver: Driver) -> tuple[SweepOutcome, str]:
    if driver.interrupted:
        return "interrupted", driver.interrupted
    trials = driver.state.trials.values()
    spent = driver.spent_budget()
    has_ended = all(trial.ended is not None for trial in trials)
    if spent and not (has_ended and search_is_complete(driver.spec, driver.state)):
        return "budget", spent
    if not has_ended:
        return "failed", "Ray ended before all trials had"
    return "completed", "every trial has ended"


@contextmanager
def interrupts_reach(driver: Driver) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the sweep in good order; a second one ends it at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if driver.interrupted:
            raise KeyboardInterrupt
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        driver.interrupted = f"interrupted by {name}"
        os.write(2, b"\nending the sweep in good order; Ctrl-C again ends it at once\n")  # safe in a handler

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
