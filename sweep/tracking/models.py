"""Trained networks as MLflow models: without pickle, as code and a .safetensors file."""

from __future__ import annotations

import logging
import tempfile
from importlib import metadata
from pathlib import Path

import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from sweep.ledger.state import SweepState, TrialState
from sweep.plan.trials import with_parameters
from sweep.spec import spec_from_dict
from sweep.storage import SweepFolder
from trainables.contract import TrialError
from trainables.export import export_model

_log = logging.getLogger("mlflow.segsweep")

MODEL_TAG = "segsweep.model"
"""On a trial's run: what `mlflow.pyfunc.load_model` takes."""

_PLACE = "model"
_CODE = Path(__file__).with_name("model_code.py")
_NEEDED = ("segsweep", "torch", "torchvision", "timm", "segmentation-models-pytorch", "mlflow")
_SIGNATURE = ModelSignature(
    inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, -1, -1, 3))]),
    outputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, -1, -1))]),
)


def model_folder(state: SweepState, trial: TrialState, folder: SweepFolder, into: Path) -> Path | None:
    """Makes the MLflow model of a trial below `into`; None where its checkpoint is gone or damaged."""
    spec = spec_from_dict(state.created.spec)
    with tempfile.TemporaryDirectory(prefix="segsweep-model-") as temporary:
        trained = Path(temporary) / "trained"
        trained.mkdir()
        checkpoint = folder.local_checkpoint(trial.trial_id, Path(temporary))
        if checkpoint is None:
            return None
        model = with_parameters("model", spec.model, trial.planned.parameters)
        try:
            export_model(checkpoint, model, spec.data.classes, trained)
        except TrialError as error:  # to try again would not mend it
            _log.warning("%s has no model: %s", trial.trial_id, error)
            return None
        mlflow.pyfunc.save_model(
            path=str(into / _PLACE),
            python_model=str(_CODE),
            artifacts={"trained": str(trained)},
            signature=_SIGNATURE,
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in _NEEDED],
        )
    return into / _PLACE


def model_uri(run_id: str) -> str:
    """Of the model that lies among the artifacts of a run."""
    return f"runs:/{run_id}/{_PLACE}"
