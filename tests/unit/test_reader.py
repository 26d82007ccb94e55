"""Who has nothing but the MLflow store gets the same sweep, to the digit."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from sweep.errors import StorageError, SweepNotFoundError
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import Event, SweepCreated
from sweep.report import fair_frame, fair_table, fair_table_text
from sweep.report.audit import audit
from sweep.report.machine import audit_json
from sweep.results import class_table, report_table, rungs_of, trial_table
from sweep.storage import SweepFolder
from sweep.tracking import TrackingTarget
from sweep.tracking import carried as carried_module
from sweep.tracking.carried import CarriedLines, carried_events
from sweep.tracking.reader import state_of_runs
from sweep.tracking.writer import LedgerWriter, sync
from tests.builders import plain_curve, sweep_events

SMALL: dict[str, Any] = {"arms": (1.0, 0.5), "seeds": (0,), "rungs": (60, 120), "validate_every": None}


def with_nan(parameters: Any, seed: int, iteration: int) -> float:
    return (
        math.nan
        if (parameters["real_ratio"], seed) == (0.25, 0)
        else plain_curve(parameters, seed, iteration)
    )


EVERY_STATUS: dict[str, Any] = {
    "arms": (1.0, 0.5, 0.25, {"real_ratio": 0.125, "training.optimizer.lr": 0.1 + 0.2}),
    "seeds": (0, 1),
    "rungs": (60, 120),
    "validate_every": 45,
    "curve": with_nan,
    "stopped": {("real_ratio=0.5", 0): 60},
    "failed": {("real_ratio=0.5", 1): 83},
    "running": {("real_ratio=0.25", 1): 75},
    "paused": {("real_ratio=0.125 lr=0.30000000000000004", 0): 60},
    "spared": [("real_ratio=1.0", 1)],
    "chances": {("real_ratio=0.5", 0): 0.012, ("real_ratio=1.0", 1): 1 / 3},
    "waiting": [("real_ratio=0.125 lr=0.30000000000000004", 1)],
}


def events_named(name: str, sweep_id: str, time: float = 1e9, **changes: Any) -> list[Event]:
    created, *rest = sweep_events(**{**SMALL, **changes})
    assert isinstance(created, SweepCreated)
    spec = {**created.spec, "name": name}
    return [replace(created, name=name, sweep_id=sweep_id, spec=spec, time=time), *rest]


def written(tmp_path: Path, target: TrackingTarget, events: Sequence[Event]) -> SweepState:
    """The state of the ledger that was synced; nothing but the store is left of it."""
    folder = SweepFolder(tmp_path / "storage", "any")
    folder.create()
    ledger = Ledger(folder.ledger)
    for event in events:
        ledger.append(event)
    sync(folder, target)
    state = replay(ledger.read())
    state.interrupt_trials()
    shutil.rmtree(tmp_path / "storage")
    shutil.rmtree(tmp_path / "artifacts")
    return state


def written_live(tmp_path: Path, target: TrackingTarget, events: Sequence[Event]) -> SweepState:
    """The same while the driver is at work, in three goes; the last one brings the second's events again."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for event in events:
        ledger.append(event)
    writer, third = LedgerWriter(ledger, target), len(events) // 3
    for begin, end in ((0, third), (third, 2 * third), (third, len(events))):
        writer.write(replay(events[:end]), events[begin:end])
    return replay(events)


def assert_same(read: SweepState, wanted: SweepState) -> None:
    for table in (trial_table, report_table, class_table, fair_frame):
        pd.testing.assert_frame_equal(table(read), table(wanted), check_exact=True)
    for rung in rungs_of(wanted):
        assert fair_table_text(fair_table(read, rung)) == fair_table_text(fair_table(wanted, rung))
    assert list(read.trials) == list(wanted.trials)
    assert [trial.judged for trial in read.trials.values()] == [t.judged for t in wanted.trials.values()]
    assert read.created == wanted.created


def read(target: TrackingTarget, name: str | None = "fake") -> SweepState:
    return state_of_runs(target.uri, target.experiment, name)


def client_and_runs(target: TrackingTarget) -> tuple[MlflowClient, dict[str, str]]:
    """Run ids by trial id; '' is the sweep's."""
    client = MlflowClient(target.uri)
    experiment = client.get_experiment_by_name(target.experiment)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    return client, {run.data.tags.get("segsweep.trial_id", ""): run.info.run_id for run in runs}


@pytest.mark.parametrize("write", [written, written_live])
def test_same_to_the_digit_whatever_became_of_a_trial(
    tmp_path: Path, target: TrackingTarget, write: Any
) -> None:
    outcome = "interrupted" if write is written else None
    wanted = write(tmp_path, target, sweep_events(**EVERY_STATUS, outcome=outcome))
    found = read(target)
    statuses = {trial.status for trial in found.trials.values()}
    running = {"interrupted" if outcome else "running"}
    assert statuses == {"finished", "stopped", "failed", "planned", "paused"} | running
    assert math.isnan(found.trials["t004"].reports[60].metrics["val_miou"])
    assert found.outcome == outcome
    assert audit_json(audit(found)) == audit_json(audit(wanted))
    assert_same(found, wanted)
    assert found.runs[None].run_id == client_and_runs(target)[1][""]


def test_only_sweep_needs_no_name_and_others_are_listed(tmp_path: Path, target: TrackingTarget) -> None:
    written(tmp_path, target, events_named("night", "a" * 16))
    assert read(target, None).created.name == "night"
    written(tmp_path, target, events_named("day", "b" * 16))
    assert read(target, "night").created.name == "night"
    with pytest.raises(
        SweepNotFoundError, match=r"say which sweep; sweeps in experiment 'segsweep' .*: day, night"
    ):
        read(target, None)
    with pytest.raises(SweepNotFoundError, match=r"no sweep 'fog'; sweeps in .*: day, night$"):
        read(target, "fog")


def test_of_two_sweeps_of_a_name_the_newest_is_read_and_the_other_told(
    tmp_path: Path, target: TrackingTarget
) -> None:
    written(tmp_path, target, events_named("night", "b" * 16, time=2e9, arms=(1.0, 0.25)))
    written(tmp_path, target, events_named("night", "a" * 16, time=1e9))
    said: list[str] = []
    newest = state_of_runs(target.uri, target.experiment, "night", said.append)
    assert newest.created.sweep_id == "b" * 16
    assert [trial.arm for trial in newest.trials.values()] == ["real_ratio=1.0", "real_ratio=0.25"]
    assert len(said) == 1
    assert "2 sweeps are named 'night'" in said[0]
    assert "a" * 16 in said[0]
    assert read(target, "a" * 16).created.sweep_id == "a" * 16


def test_store_of_an_older_version_is_told_to_be_synced(tmp_path: Path, target: TrackingTarget) -> None:
    written(tmp_path, target, sweep_events(**SMALL))
    client, runs = client_and_runs(target)
    for trial_id in ("t001", ""):
        client.delete_tag(runs[trial_id], "segsweep.ledger")
        with pytest.raises(StorageError, match=r"older version of segsweep.* Run `sweep sync fake` where"):
            read(target)


def test_trial_whose_run_was_only_just_made_is_still_planned(tmp_path: Path, target: TrackingTarget) -> None:
    written(tmp_path, target, sweep_events(**SMALL))
    client, runs = client_and_runs(target)
    client.delete_tag(runs["t001"], "segsweep.ledger")
    client.update_run(runs["t001"], status="RUNNING")
    assert read(target).trials["t001"].status == "planned"


def test_damaged_tag_is_told(tmp_path: Path, target: TrackingTarget) -> None:
    written(tmp_path, target, sweep_events(**SMALL))
    client, runs = client_and_runs(target)
    client.set_tag(runs["t001"], "segsweep.ledger.1", '{"event":"TrialStarted"}\n')
    with pytest.raises(
        StorageError, match=r"run 'real_ratio=0.5 seed=0' in MLflow is damaged: TrialStarted lacks"
    ):
        read(target)
    client.set_tag(runs["t001"], "segsweep.ledger.1", '{"event":"TrialTeleported"}\n')
    with pytest.raises(StorageError, match="newer version of segsweep: unknown event 'TrialTeleported'"):
        read(target)


def test_second_run_of_a_trial_is_left_out_and_a_deleted_one_counts_as_not_started(
    tmp_path: Path, target: TrackingTarget
) -> None:
    events = sweep_events(**SMALL)
    wanted = written(tmp_path, target, events)
    client, runs = client_and_runs(target)
    original = client.get_run(runs["t001"])
    identity = {
        key: original.data.tags[key] for key in ("segsweep.sweep_id", "segsweep.kind", "segsweep.trial_id")
    }
    client.create_run(original.info.experiment_id, tags=identity)
    assert_same(read(target), wanted)
    client.delete_run(runs["t001"])
    assert read(target).trials["t001"].status == "planned"
    written(tmp_path, target, events)
    assert_same(read(target), wanted)


def test_what_is_not_there_is_said_and_not_made(tmp_path: Path, target: TrackingTarget) -> None:
    written(tmp_path, target, sweep_events(**SMALL))
    with pytest.raises(
        SweepNotFoundError, match=r"no experiment 'other' in .*; experiments there: .*segsweep"
    ):
        state_of_runs(target.uri, "other", "fake")
    for uri in (f"sqlite:///{tmp_path}/none.db", f"{tmp_path}/none", f"file://{tmp_path}/none"):
        with pytest.raises(StorageError, match=r"cannot be read: there is no .*/none"):
            state_of_runs(uri, "segsweep", "fake")
    assert not list(tmp_path.glob("none*"))


def test_dead_server_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StorageError, match=r"MLflow at http://127.0.0.1:9 cannot be read: ") as error:
        state_of_runs("http://me:secret@127.0.0.1:9", "segsweep", "fake")
    assert "secret" not in str(error.value)


def test_lines_are_cut_into_tags_and_put_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried_module, "_LONGEST_TAG", 100)
    events = sweep_events(**SMALL)
    carried = CarriedLines()
    carried.add(events)
    tags = carried.of_trial("t000")
    assert len(tags) > 10
    assert max(map(len, tags.values())) <= 100
    kept = carried_events(tags)
    assert kept is not None
    assert [event for event in kept if event not in events] == []
    last = int(tags["segsweep.ledger"])
    assert carried_events({**tags, f"segsweep.ledger.{last}": "{"}) == kept[:-1], "a torn line is left out"
    del tags[f"segsweep.ledger.{last}"]
    assert carried_events(tags) is None, "a part is not there yet"
    assert carried_events({}) is None


def test_of_progress_only_the_last_before_something_else_is_carried() -> None:
    carried = CarriedLines()
    for _ in range(2):
        carried.add(sweep_events(**SMALL))
    kept = carried_events(carried.of_trial("t000")) or []
    assert [type(event).__name__.removeprefix("Trial") for event in kept] == [
        "Started", "Progressed", "Reported", "Judged", "Progressed", "Reported", "Judged", "Ended",
    ]  # fmt: skip
