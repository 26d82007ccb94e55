"""`tracking.log_models`: what is loaded from MLflow is the network that was validated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient

from sweep.errors import SpecError
from sweep.ledger import Ledger, SweepState, replay
from sweep.ledger.events import SweepCreated
from sweep.spec import spec_from_dict
from sweep.storage import SweepFolder
from sweep.tracking import TrackingTarget
from sweep.tracking.models import MODEL_TAG
from sweep.tracking.writer import sync
from tests.builders import sweep_events
from tests.specs import tiny_spec
from tests.trials import small_trial
from trainables.export import Predictor, export_model
from trainables.local import FolderSession
from trainables.metrics import PixelCounter
from trainables.segmentation import train
from trainables.trial import begin_trial


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> FolderSession:
    session = FolderSession(tmp_path_factory.mktemp("trained"))
    train(small_trial(), session)
    return session


def checkpoint_of(session: FolderSession) -> Path:
    (file,) = session.folder.rglob("checkpoint.pt")
    return file


def test_an_exported_network_predicts_what_was_validated(trained: FolderSession, tmp_path: Path) -> None:
    config = small_trial()
    export_model(checkpoint_of(trained), config.model, config.data.classes, tmp_path)
    predictor, counter = Predictor(tmp_path), PixelCounter(len(config.data.classes), 255)
    for image, label in begin_trial(config).validation:  # type: ignore[attr-defined]
        ids = predictor(image.permute(1, 2, 0)[None].numpy())
        counter.add(torch.from_numpy(ids), label[None])
    assert counter.counts() == trained.reports[-1].counts
    assert {file.name for file in tmp_path.iterdir()} == {"model.safetensors", "model.json"}


def written(folder: SweepFolder, trained: FolderSession, **changes: Any) -> SweepState:
    """A sweep with log_models of which every finished trial has that checkpoint."""
    folder.ledger.parent.mkdir(parents=True, exist_ok=True)
    config = small_trial()
    for event in sweep_events(arms=(1.0, 0.5), seeds=(0,), **changes):
        if isinstance(event, SweepCreated):
            spec = spec_from_dict(tiny_spec(Path("x"))).model_dump(mode="json")
            spec["model"] = config.model.model_dump(mode="json")
            spec["data"]["classes"] = list(config.data.classes)
            spec["tracking"]["log_models"] = True
            event = replace(event, spec={**event.spec, **{k: spec[k] for k in ("model", "tracking", "data")}})
        Ledger(folder.ledger).append(event)
    for trial in ("t000", "t001"):
        folder.checkpoint(trial).parent.mkdir(parents=True)
        folder.checkpoint(trial).write_bytes(checkpoint_of(trained).read_bytes())
    return replay(Ledger(folder.ledger).read())


def test_finished_trials_have_a_model_that_one_line_loads(
    target: TrackingTarget, tmp_path: Path, trained: FolderSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = SweepFolder(tmp_path, "fake")
    written(folder, trained, stopped={("real_ratio=0.5", 0): 60})
    folder.report.mkdir()
    for _ in range(2):
        sync(folder, target)
    client = MlflowClient(target.uri)
    experiment = client.get_experiment_by_name(target.experiment)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.`segsweep.kind` = 'trial'")
    models = {run.data.tags["segsweep.trial_id"]: run.data.tags.get(MODEL_TAG) for run in runs}
    assert models["t001"] is None
    assert models["t000"] is not None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", target.uri)
    model = mlflow.pyfunc.load_model(models["t000"])
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)
    ids = model.predict(images)
    assert (ids.shape, ids.dtype) == ((2, 64, 96), np.uint8)
    config = small_trial()
    export_model(checkpoint_of(trained), config.model, config.data.classes, tmp_path)
    assert (ids == Predictor(tmp_path)(images)).all()
    assert model.metadata.signature is not None
    artifacts = {file.path for file in client.list_artifacts(runs[0].info.run_id, "model")}
    assert not any(name.endswith(".pkl") for name in artifacts)


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_trial_without_a_whole_checkpoint_has_none_and_others_have(
    target: TrackingTarget, tmp_path: Path, trained: FolderSession, is_damaged: bool
) -> None:
    folder = SweepFolder(tmp_path, "fake")
    written(folder, trained)
    folder.delete_checkpoint("t000")
    if is_damaged:
        folder.checkpoint("t000").write_bytes(b"nonsense")
    state = sync(folder, target)
    client = MlflowClient(target.uri)
    tags = {name: client.get_run(state.runs[name].run_id).data.tags for name in ("t000", "t001")}
    assert MODEL_TAG not in tags["t000"]
    assert MODEL_TAG in tags["t001"]


def test_models_of_other_trainers_are_refused() -> None:
    values = {**tiny_spec(Path("x")), "trainable": "my.own:train", "tracking": {"log_models": True}}
    with pytest.raises(SpecError, match=r"tracking\.log_models is true, but trainable is my\.own:train"):
        spec_from_dict(values)
