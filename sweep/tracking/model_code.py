"""What MLflow runs to load a model of ours: it is copied beside the weights, and no pickle is needed."""

from __future__ import annotations

from pathlib import Path

from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class SegmentationModel(PythonModel):
    """uint8 images (N, H, W, 3) to class ids (N, H, W).

    Without annotations, which MLflow would take for a schema.
    """

    def load_context(self, context):  # type: ignore[no-untyped-def]
        """Called by MLflow."""
        from trainables.export import Predictor

        self._predict = Predictor(Path(context.artifacts["trained"]))

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Called by MLflow."""
        return self._predict(model_input)


set_model(SegmentationModel())
