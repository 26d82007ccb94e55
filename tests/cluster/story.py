"""A cluster from `ray up` to `ray down`, and all that goes wrong in between, step by step."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd

from sweep.ledger import Ledger
from sweep.ledger.events import DriverEnded, DriverStarted, TrialReported, TrialStarted
from sweep.storage import SweepFolder
from tests.cluster.host import Host
from tests.cluster.lab import Lab
from tests.cluster.outside import answer_of_ray, closed_ports
from tests.cluster.patience import wait_for, wait_for_event
from tests.cluster.sweeps import (
    ITERATIONS,
    assert_replayed,
    final_table,
    replayed_sweep,
    state_of,
    training_sweep,
    write_replayed_curves,
)
from tests.cluster.timetable import HEADING, Step, step
from tests.cluster.user import MLFLOW, User
from tests.integration.mlflow_runs import assert_tracked_once

CALM, ROUGH, REPLAYED = "calm", "rough", "replayed"
"""Names of the sweep that nobody disturbs, of the same one with all the faults, and of one beside that."""


class Story:
    """Every method is a step that can be read by itself; `tell` has their order."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.user = User(lab)

    def tell(self) -> None:
        """From the first to the last step."""
        print(f"\n{HEADING}", flush=True)
        with step("`ray up`") as now:
            self.start_cluster(now)
        with self.user.tunnel():
            with step("head and both workers in Ray, after that") as now:
                self.all_nodes_join(now)
            with step("a sweep, undisturbed") as now:
                self.run_undisturbed(now)
            with step("a replayed sweep submitted") as now:
                self.submit_replayed(now)
            with step("the first sweep again; a worker node killed (-9)") as now:
                self.lose_a_worker(now)
            with step("its driver killed (-9)") as now:
                self.lose_the_driver(now)
            with step("`sweep resume`") as now:
                self.resume(now)
            with step("MLflow's server killed, and started again") as now:
                self.lose_mlflow_for_a_while(now)
            with step("the sweep ends") as now:
                self.finish(now)
            with step("`sweep list`, `status`, `logs`, `report` from the laptop") as now:
                self.ask_about_it(now)
            with step("the killed node, back, in Ray") as now:
                self.all_nodes_join(now)
        with step("from another host") as now:
            self.look_from_outside(now)
        with step("`ray down`") as now:
            self.stop_cluster(now)

    def ledger(self, name: str) -> Path:
        """Where the sweep's ledger lies, as this machine sees it."""
        return self.lab.storage / "sweeps" / name / "ledger.jsonl"

    def start_cluster(self, now: Step) -> None:
        self.user.make_token()
        self.user.ray_up()
        now.saw("the head has Ray and MLflow")

    def all_nodes_join(self, now: Step) -> None:
        wanted = {node.place.address for node in self.lab.nodes}
        wait_for("all nodes in Ray", lambda: self.user.nodes() == wanted, pause=1)
        now.saw(f"{len(wanted)} nodes alive")

    def run_undisturbed(self, now: Step) -> None:
        self.user.submit(training_sweep(), CALM)
        wait_for_event(self.ledger(CALM), "the undisturbed sweep ends", _is_completed)
        state = state_of(self.ledger(CALM))
        hosts = {event.host for event in self._started(CALM)}
        now.saw(f"{len(state.trials)} trials on {', '.join(sorted(hosts))}")

    def submit_replayed(self, now: Step) -> None:
        write_replayed_curves(self.user.home / "curves.csv")
        self.user.copy_to_head("curves.csv", "/mnt/segsweep/curves.csv")
        self.user.submit(replayed_sweep("/mnt/segsweep/curves.csv"), REPLAYED)
        now.saw("`sweep submit` returned; it runs beside all that follows")

    def lose_a_worker(self, now: Step) -> None:
        self.user.submit(training_sweep(), ROUGH)
        ledger = self.ledger(ROUGH)
        reported = wait_for_event(
            ledger,
            "a report from a worker node",
            lambda e: isinstance(e, TrialReported) and self._worker_of(e.trial_id) is not None,
        )
        assert isinstance(reported, TrialReported)
        worker = self._worker_of(reported.trial_id)
        assert worker is not None
        before = self._events(ROUGH)
        worker.go_down()
        again = wait_for_event(
            ledger,
            "the trial goes on elsewhere",
            lambda e: isinstance(e, TrialStarted) and e.trial_id == reported.trial_id,
            after=before,
        )
        assert isinstance(again, TrialStarted)
        assert again.host != worker.place.name
        assert 0 < again.iteration < ITERATIONS
        worker.come_up()
        now.saw(f"{again.trial_id} went on at iteration {again.iteration} on {again.host}")

    def lose_the_driver(self, now: Step) -> None:
        ledger = self.ledger(ROUGH)
        wait_for_event(
            ledger, "another report", lambda e: isinstance(e, TrialReported), after=self._events(ROUGH)
        )
        driver = [event for event in Ledger(ledger).read() if isinstance(event, DriverStarted)][-1]
        assert driver.host == self.lab.head.place.name
        self.lab.head.output(f"kill -9 {driver.pid}")
        statuses = [trial.status for trial in state_of(ledger).trials.values()]
        now.saw(f"{statuses.count('finished')} of {len(statuses)} trials had ended")

    def resume(self, now: Step) -> None:
        before = self._events(ROUGH)
        wait_for("Ray sees that the driver is gone", lambda: "resumed" in self.user.ask(f"resume {ROUGH}"))
        again = wait_for_event(
            self.ledger(ROUGH), "a trial goes on", lambda e: isinstance(e, TrialStarted), after=before
        )
        assert isinstance(again, TrialStarted)
        now.saw(f"{again.trial_id} went on at iteration {again.iteration}")

    def lose_mlflow_for_a_while(self, now: Step) -> None:
        head = self.lab.head
        head.output("fuser -k 5000/tcp")
        assert not self.user.reaches(f"{MLFLOW}/health")
        wait_for_event(
            self.ledger(ROUGH),
            "a report without MLflow",
            lambda e: isinstance(e, TrialReported),
            after=self._events(ROUGH),
        )
        *_, start_mlflow = self.user.cluster["head_start_ray_commands"]
        head.output(f"bash -ic {shlex.quote(start_mlflow)}")
        now.saw("trials reported meanwhile")

    def finish(self, now: Step) -> None:
        for name in (ROUGH, REPLAYED):
            wait_for_event(self.ledger(name), f"the sweep {name} ends", _is_completed)
            folder = SweepFolder(self.ledger(name).parents[1], name)
            wait_for(
                f"{name} has told MLflow and written its report",
                lambda folder=folder: not folder.is_running(),
            )
        for name in (CALM, ROUGH, REPLAYED):
            assert_tracked_once(self._mlflow_database(), state_of(self.ledger(name)))
        pd.testing.assert_frame_equal(final_table(self.ledger(ROUGH)), final_table(self.ledger(CALM)))
        assert_replayed(self.ledger(REPLAYED))
        starts = self._started(ROUGH)
        now.saw(f"{len({e.trial_id for e in starts})} trials in {len(starts)} attempts")
        now.saw("the same final table as undisturbed; every trial once in MLflow, none RUNNING")

    def ask_about_it(self, now: Step) -> None:
        assert all(name in self.user.ask("list") for name in (CALM, ROUGH, REPLAYED))
        assert self.user.ask(f"status {ROUGH}").count("finished") >= len(state_of(self.ledger(ROUGH)).trials)
        assert "sweep completed" in self.user.ask(f"logs {ROUGH}")
        assert f"{ROUGH} at iteration {ITERATIONS}" in self.user.ask(f"report {ROUGH}")
        assert "ran on this cluster already" in self.user.ask(f"submit ~/{ROUGH}.yaml --name {ROUGH}")
        now.saw("they answer; a second `sweep submit` of the name is refused")

    def look_from_outside(self, now: Step) -> None:
        head = self.lab.head.place.address
        assert closed_ports(self.lab.laptop, head) == [5000, 8265]
        assert "AuthenticationError" in answer_of_ray(self.lab.laptop, head, with_token=False)
        assert "Node status" in answer_of_ray(self.lab.laptop, head, with_token=True)
        now.saw("MLflow and dashboard: no connection; Ray: refused without the token")

    def stop_cluster(self, now: Step) -> None:
        self.user.ray_down()
        for worker in self.lab.workers:
            worker.output("bash -ic 'ray stop'")
        left = {node.place.name: node.run("pgrep -l 'raylet|gcs_server'").stdout for node in self.lab.nodes}
        assert not any(left.values()), left
        now.saw("no Ray left on any node")

    def _events(self, name: str) -> int:
        return len(list(Ledger(self.ledger(name)).read()))

    def _started(self, name: str) -> list[TrialStarted]:
        return [event for event in Ledger(self.ledger(name)).read() if isinstance(event, TrialStarted)]

    def _worker_of(self, trial_id: str) -> Host | None:
        """The worker node that trains the trial; None if it is the head."""
        host = [event.host for event in self._started(ROUGH) if event.trial_id == trial_id][-1]
        return next((worker for worker in self.lab.workers if worker.place.name == host), None)

    def _mlflow_database(self) -> str:
        return f"sqlite:///{self.lab.head.place.home}/mlflow/mlflow.db"


def _is_completed(event: object) -> bool:
    return isinstance(event, DriverEnded) and event.outcome == "completed"
