"""Encoder weights from a local .safetensors file. No pickle, no download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor, nn

from trainables.models.faults import trial_error

CLASSIFIER_PREFIXES = ("fc.", "classifier.", "head.", "conv_head.")
"""An image classifier's last layers, which a segmentation network has no use for."""
LISTED = 5
"""Keys that a message lists before it counts the rest."""


def load_encoder(encoder: nn.Module, path: Path) -> None:
    """Loads all weights of `encoder` from `path`; the file may hold an image classifier's head besides.

    Raises:
        TrialError: the file cannot be read, or its weights are not exactly those of the encoder.
    """
    weights = {key: value for key, value in _read(path).items() if not key.startswith(CLASSIFIER_PREFIXES)}
    target = _named_alike(encoder, weights)
    faults = _misfits(target.state_dict(), weights)
    if faults:
        raise trial_error(f"{path} does not fit the encoder: " + "; ".join(faults))
    target.load_state_dict(weights)


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file  # here: the only thing that needs the package

    if path.suffix != ".safetensors":
        raise trial_error(
            f"model.pretrained is {path}; it must be a .safetensors file. Convert a .pth with: "
            "from torch import load; from safetensors.torch import save_file; "
            "save_file(load('weights.pth', weights_only=True), 'weights.safetensors')"
        )
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise trial_error(f"model.pretrained: {path} cannot be read: {error}") from error


def _named_alike(encoder: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """The encoder, or the timm model inside it when the file has timm's own names."""
    inner = getattr(encoder, "model", None)
    has_own_names = not encoder.state_dict().keys().isdisjoint(weights)
    return encoder if has_own_names or not isinstance(inner, nn.Module) else inner


def _misfits(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    shapes = [
        f"{key} is {tuple(given[key].shape)}, must be {tuple(wanted[key].shape)}"
        for key in wanted
        if key in given and given[key].shape != wanted[key].shape
    ]
    faults = {
        "missing": [key for key in wanted if key not in given],
        "unexpected": [key for key in given if key not in wanted],
        "wrong shape": shapes,
    }
    return [f"{len(keys)} {kind} ({_listed(keys)})" for kind, keys in faults.items() if keys]


def _listed(keys: Iterable[str]) -> str:
    names = list(keys)
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
