"""MLflow is a view of the ledger: complete, the same however often it is written, and never in the way."""

from __future__ import annotations

import math
import shlex
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from sweep.errors import SpecError, StorageError
from sweep.ledger import Ledger, replay
from sweep.ledger.events import (
    DriverEnded,
    DriverStarted,
    Event,
    RunTracked,
    TrialEnded,
    TrialPromoted,
    TrialReopened,
    TrialReported,
    TrialStarted,
)
from sweep.spec import spec_from_dict
from sweep.storage import SweepFolder
from sweep.tracking import BackgroundTracker, TrackingTarget, tracking_target
from sweep.tracking.runs import RunStore
from sweep.tracking.writer import LedgerWriter, sync
from tests.builders import sweep_events
from tests.specs import tiny_spec

EVENTS = sweep_events(
    arms=(1.0, 0.25, 0.0),
    seeds=(0,),
    rungs=(60, 120),
    stopped={("real_ratio=0.0", 0): 60},
    failed={("real_ratio=0.25", 0): 90},
)


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    folder = SweepFolder(tmp_path, "fake")
    folder.create()
    return folder


def ledger_of(folder: SweepFolder, events: Sequence[Event]) -> Ledger:
    ledger = Ledger(folder.ledger)
    for event in events:
        ledger.append(event)
    return ledger


def runs_of(target: TrackingTarget) -> dict[str, Run]:
    """By trial id; the parent's is ''."""
    client = MlflowClient(target.uri)
    experiment = client.get_experiment_by_name(target.experiment)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    runs = {run.data.tags.get("segsweep.trial_id", ""): run for run in found}
    assert len(runs) == len(found), "two runs of one trial"
    return runs


def points(target: TrackingTarget, run: Run, key: str) -> list[tuple[int, float]]:
    history = MlflowClient(target.uri).get_metric_history(run.info.run_id, key)
    return sorted((metric.step, metric.value) for metric in history)


def test_one_run_a_trial_below_one_parent(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger_of(folder, EVENTS)
    sync(folder, target)
    runs = runs_of(target)
    assert sorted(runs) == ["", "t000", "t001", "t002"]
    parent = runs[""].info.run_id
    assert {runs[name].data.tags["mlflow.parentRunId"] for name in ("t000", "t001", "t002")} == {parent}
    assert runs["t001"].info.run_name == "real_ratio=0.25 seed=0"
    assert runs["t001"].data.params["real_ratio"] == "0.25"
    assert runs["t001"].data.params["training.batch_size"] == "8"


def test_status_tells_stopped_from_finished_and_failed(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger_of(folder, EVENTS)
    sync(folder, target)
    runs = runs_of(target)
    assert {name: run.info.status for name, run in runs.items()} == {
        "": "FINISHED", "t000": "FINISHED", "t001": "FAILED", "t002": "KILLED",
    }  # fmt: skip
    assert runs["t002"].data.tags["segsweep.status"] == "stopped"
    assert runs["t002"].data.tags["segsweep.reason"]


def test_run_of_a_continued_trial_is_opened_again(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger = ledger_of(folder, EVENTS)
    sync(folder, target)
    before = runs_of(target)["t002"].info
    ended = TrialEnded(time=2e9, trial_id="t002", outcome="finished", reason="trained all", iteration=120)
    for event in (TrialReopened(trial_id="t002", to_the_end=True), ended):
        ledger.append(event)
    sync(folder, target)
    run = runs_of(target)["t002"]
    assert (run.info.run_id, run.info.status, run.info.end_time) == (before.run_id, "FINISHED", 2e12)
    assert run.data.tags["segsweep.continued"] == "stopped before and continued on request"


class TestPaused:
    KEY = ("real_ratio=0.0", 0)
    EVENTS = sweep_events(
        arms=(1.0, 0.0),
        seeds=(0,),
        rungs=(60, 120),
        validate_every=None,
        paused={KEY: 60},
        chances={KEY: 0.0312},
        outcome=None,
    )

    def test_run_stays_open_with_its_chance(self, target: TrackingTarget, folder: SweepFolder) -> None:
        LedgerWriter(ledger_of(folder, self.EVENTS), target).write(replay(self.EVENTS), self.EVENTS)
        run = runs_of(target)["t001"]
        assert run.info.status == "RUNNING"
        assert run.data.tags["segsweep.status"] == "paused"
        assert run.data.tags["segsweep.overtakes"] == "0.0312"
        assert run.data.tags["segsweep.reason"].startswith("paused at 60: ")

    def test_run_is_killed_while_nobody_drives_the_sweep(
        self, target: TrackingTarget, folder: SweepFolder
    ) -> None:
        ledger = ledger_of(folder, self.EVENTS)
        ledger.append(DriverEnded(outcome="interrupted", reason="Ctrl-C"))
        sync(folder, target)
        run = runs_of(target)["t001"]
        assert (run.info.status, run.data.tags["segsweep.status"]) == ("KILLED", "paused")

    def test_promoted_trial_goes_on_in_the_same_run(
        self, target: TrackingTarget, folder: SweepFolder
    ) -> None:
        ledger, writer_events = ledger_of(folder, self.EVENTS), list(self.EVENTS)
        writer = LedgerWriter(ledger, target)
        writer.write(replay(writer_events), writer_events)
        before = runs_of(target)["t001"].info.run_id
        news = [
            TrialPromoted(time=2e9, trial_id="t001", rung=60, reason="its turn", overtakes=0.5, spared=True),
            TrialStarted(time=2e9, trial_id="t001", attempt=2, iteration=60, host="here"),
        ]
        writer.write(replay([*writer_events, *news]), news)
        run = runs_of(target)["t001"]
        assert (run.info.run_id, run.info.status) == (before, "RUNNING")
        assert run.data.tags["segsweep.status"] == "running"
        assert run.data.tags["segsweep.promoted_60"] == "its turn"
        assert run.data.tags["segsweep.reason"] == "promoted at 60: its turn"
        assert run.data.tags["segsweep.overtakes"] == "0.5000"
        assert run.data.tags["segsweep.spared"].startswith("should have been given up")


def test_step_is_the_iteration_and_value_the_ledgers(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger_of(folder, EVENTS)
    sync(folder, target)
    reported = [e for e in EVENTS if isinstance(e, TrialReported) and e.trial_id == "t000"]
    wanted = sorted((event.iteration, event.metrics["val_miou"]) for event in reported)
    assert points(target, runs_of(target)["t000"], "val_miou") == wanted


def test_writing_again_and_in_pieces_changes_nothing(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger = ledger_of(folder, EVENTS[: len(EVENTS) // 2])
    sync(folder, target)
    for event in EVENTS[len(EVENTS) // 2 :]:
        ledger.append(event)
    sync(folder, target)
    sync(folder, target)
    run = runs_of(target)["t000"]
    steps = [step for step, _ in points(target, run, "val_miou")]
    assert steps == sorted(set(steps)) == sorted(e.iteration for e in _reports("t000"))


def test_runs_are_found_again_when_the_ledger_lost_their_ids(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    ledger_of(folder, EVENTS)
    sync(folder, target)
    before = {name: run.info.run_id for name, run in runs_of(target).items()}
    kept = [event for event in Ledger(folder.ledger).read() if not isinstance(event, RunTracked)]
    folder.ledger.unlink()
    ledger_of(folder, kept)
    sync(folder, target)
    assert {name: run.info.run_id for name, run in runs_of(target).items()} == before


def test_killed_driver_leaves_no_run_running(target: TrackingTarget, folder: SweepFolder) -> None:
    until_first_report = next(i for i, event in enumerate(EVENTS) if isinstance(event, TrialReported)) + 1
    ledger = ledger_of(folder, EVENTS[:until_first_report])
    state = replay(ledger.read())
    LedgerWriter(ledger, target).write(state, list(ledger.read()))
    assert "RUNNING" in {run.info.status for run in runs_of(target).values()}
    sync(folder, target)
    assert {run.info.status for run in runs_of(target).values()} == {"KILLED"}


def test_resumed_trial_goes_on_in_its_run(target: TrackingTarget, folder: SweepFolder) -> None:
    until_first_report = next(i for i, event in enumerate(EVENTS) if isinstance(event, TrialReported)) + 1
    ledger = ledger_of(folder, EVENTS[:until_first_report])
    ledger.append(DriverEnded(outcome="interrupted", reason="interrupted by Ctrl-C"))
    sync(folder, target)
    runs = runs_of(target)
    assert runs["t000"].data.tags["segsweep.status"] == "interrupted"
    ledger.append(DriverStarted(pid=8, host="here"))
    ledger.append(TrialStarted(trial_id="t000", attempt=2, iteration=30, host="here"))
    LedgerWriter(ledger, target).write(replay(ledger.read()), list(ledger.read()))
    resumed = runs_of(target)
    assert resumed["t000"].info.run_id == runs["t000"].info.run_id
    assert resumed["t000"].info.status == "RUNNING"
    assert resumed[""].info.status == "RUNNING"


def test_what_was_said_of_a_paused_or_interrupted_trial_is_gone_when_it_has_finished(
    target: TrackingTarget, folder: SweepFolder
) -> None:
    paused = TestPaused.EVENTS
    ledger = ledger_of(folder, paused)
    writer = LedgerWriter(ledger, target)
    writer.write(replay(paused), list(paused))
    assert runs_of(target)["t001"].data.tags["mlflow.note.content"].startswith("**Paused")
    news = [
        TrialPromoted(time=2e9, trial_id="t001", rung=60, reason="its turn"),
        TrialStarted(time=2e9, trial_id="t001", attempt=2, iteration=60, host="here"),
        TrialEnded(time=2e9, trial_id="t001", outcome="finished", reason="", iteration=300),
    ]
    writer.write(replay([*paused, *news]), news)
    tags = runs_of(target)["t001"].data.tags
    assert (tags["mlflow.note.content"], tags["segsweep.reason"]) == ("", "")


def test_nan_and_infinity_do_no_harm(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger = ledger_of(folder, EVENTS)
    last = _reports("t000")[-1]
    metrics = {**last.metrics, "val_miou": math.nan, "val_macc": math.inf}
    ledger.append(
        TrialReported(
            trial_id="t000",
            iteration=121,
            metrics=metrics,
            mixture=last.mixture,
            counts=last.counts,
            seconds=last.seconds,
        )
    )
    sync(folder, target)
    steps = [step for step, _ in points(target, runs_of(target)["t000"], "val_macc")]
    assert 121 not in steps
    assert 120 in steps


def test_dead_store_holds_nothing_up(folder: SweepFolder) -> None:
    ledger = ledger_of(folder, EVENTS)
    tracker = BackgroundTracker(folder, ledger, TrackingTarget("http://127.0.0.1:9", "segsweep", None))
    begin = time.monotonic()
    tracker.start()
    assert time.monotonic() - begin < 1.0
    missed = tracker.finish(patience=1.0)
    assert missed is not None
    assert time.monotonic() - begin < 5.0
    tracker._thread.join(timeout=30)
    assert not tracker._thread.is_alive(), "it gives up once nobody waits for it"


def test_background_tracker_writes_everything(target: TrackingTarget, folder: SweepFolder) -> None:
    ledger = ledger_of(folder, EVENTS[:5])
    tracker = BackgroundTracker(folder, ledger, target)
    tracker.start()
    for event in EVENTS[5:]:
        ledger.append(event)
    folder.report.mkdir()
    (folder.report / "report.md").write_text("# Report\n")
    assert tracker.finish() is None
    runs = runs_of(target)
    assert {run.info.status for run in runs.values()} == {"FINISHED", "KILLED", "FAILED"}
    artifacts = MlflowClient(target.uri).list_artifacts(runs[""].info.run_id, "report")
    assert [artifact.path for artifact in artifacts] == ["report/report.md"]


def test_password_is_never_recorded(folder: SweepFolder) -> None:
    target = TrackingTarget("https://me:secret@mlflow.example.org/path", "segsweep", None)
    assert target.public_uri == "https://mlflow.example.org/path"
    assert "secret" not in target.ui_command()


def _reports(trial_id: str) -> list[TrialReported]:
    return [e for e in EVENTS if isinstance(e, TrialReported) and e.trial_id == trial_id]


def test_password_in_an_error_is_taken_out() -> None:
    target = TrackingTarget("https://me:secret@mlflow.example.org", "segsweep", None)
    text = target.without_secrets("request to https://me:secret@mlflow.example.org/api failed")
    assert text == "request to https://mlflow.example.org/api failed"


def test_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_from_dict(tiny_spec(tmp_path))
    assert tracking_target(spec).uri == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert tracking_target(spec).uri == "https://mlflow.example.org"


def test_storage_with_odd_characters_has_its_database_in_it(tmp_path: Path) -> None:
    """SQLAlchemy takes a `?` for the end of a file's name, and decodes `%20`. MLflow, which does not, leaves
    an empty folder with the encoded name beside it."""
    storage = tmp_path / "a b'ü%20#?$(x)"
    target = tracking_target(spec_from_dict(tiny_spec(storage)))
    assert target.sqlite_file == storage / "mlflow.db"
    RunStore(target)
    with sqlite3.connect(storage / "mlflow.db") as database:
        assert database.execute("select count(*) from experiments where name = 'segsweep'").fetchone() == (1,)
    assert shlex.split(target.ui_command())[-1] == target.uri


def test_spec_with_a_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        spec_from_dict(tiny_spec(tmp_path, tracking={"uri": "https://me:secret@mlflow.example.org"}))
    assert "MLFLOW_TRACKING_PASSWORD" in str(error.value)
    assert "secret" not in str(error.value)


def test_new_database_appears_whole(tmp_path: Path) -> None:
    RunStore(TrackingTarget(f"sqlite:///{tmp_path}/mlflow.db", "segsweep", None))
    assert [path.name for path in tmp_path.glob("mlflow.db*") if path.suffix != ".lock"] == ["mlflow.db"]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert database.execute("select count(*) from experiments where name = 'segsweep'").fetchone() == (1,)


def test_sync_with_a_dead_store_is_told_without_a_traceback(folder: SweepFolder) -> None:
    ledger_of(folder, EVENTS)
    with pytest.raises(StorageError, match=r"MLflow at http://127.0.0.1:9 cannot be written"):
        sync(folder, TrackingTarget("http://127.0.0.1:9", "segsweep", None))
