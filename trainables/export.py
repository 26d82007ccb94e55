"""A trained network by itself: a folder without pickle, and what predicts with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from trainables.checkpoint import read_checkpoint
from trainables.contract import ModelConfig
from trainables.models import build_model
from trainables.transforms import normalise

_WEIGHTS = "model.safetensors"
_ABOUT = "model.json"


def export_model(checkpoint: Path, model: ModelConfig, classes: Sequence[str], folder: Path) -> None:
    """Writes the network of one of our checkpoints into a folder that exists.

    Args:
        checkpoint: as `save_checkpoint` wrote it; nothing in it is run.
        model: of the trial.
        classes: names by class id.
        folder: gets `model.safetensors` and `model.json`.

    Raises:
        TrialError: the checkpoint is damaged.
        OSError: it cannot be read, or the folder not be written.
    """
    state = read_checkpoint(checkpoint)["model"]
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / _WEIGHTS)
    own = model.model_dump(mode="json") | {"pretrained": None}  # its weights are in the file already
    (folder / _ABOUT).write_text(json.dumps({"model": own, "classes": list(classes)}, indent=2))


class Predictor:
    """Class ids of images, by the network in a folder that `export_model` wrote; on a GPU if there is one."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / _ABOUT).read_text())
        self.classes = tuple(about["classes"])
        """Names by class id."""
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network: nn.Module = build_model(ModelConfig.model_validate(about["model"]), len(self.classes))
        network.load_state_dict(load_file(folder / _WEIGHTS))
        network.to(memory_format=torch.channels_last)
        self._network = network.to(self._device).eval()

    def __call__(self, images_NHWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Of RGB images of shape (N, H, W, 3): class ids of shape (N, H, W), as `validate` counts them."""
        images = torch.from_numpy(np.ascontiguousarray(images_NHWC)).permute(0, 3, 1, 2).to(self._device)
        with torch.inference_mode():
            logits = self._network(normalise(images))
        return np.asarray(logits.main.argmax(dim=1).to(torch.uint8).cpu())
