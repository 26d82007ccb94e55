"""Any architecture and encoder of segmentation_models_pytorch, by name and without its weights."""

from __future__ import annotations

import inspect
from typing import Any, cast

import segmentation_models_pytorch as smp
import timm
from torch import Tensor, nn
from torch.nn import functional

from trainables.models.faults import did_you_mean, trial_error
from trainables.models.logits import Logits

TIMM_PREFIX = "tu-"


class SmpNetwork(nn.Module):
    """An smp network for images of any size: padded to a multiple of the stride, logits cut back."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._checked = False

    @classmethod
    def by_name(cls, name: str, encoder: str | None, depth: int | None, num_classes: int) -> SmpNetwork:
        """The architecture `name`, such as `pspnet`, with random weights.

        Args:
            name: as smp spells it, in small letters.
            encoder: None for the architecture's own default.
            depth: stages of the encoder; None for the architecture's own default.
            num_classes: number of classes K.

        Raises:
            TrialError: no such architecture or encoder, or smp refuses the combination.
        """
        _check_architecture(name)
        if encoder is not None:
            _check_encoder(encoder)
        given = {"encoder_name": encoder, "encoder_depth": depth}
        given = {key: value for key, value in given.items() if value is not None}
        settings = {**given, **_fixed_settings(name), **_depth_settings(name, depth)}
        try:
            return cls(smp.create_model(name, encoder_weights=None, classes=num_classes, **settings))
        except (ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
            listed = ", ".join(f"{key} {value!r}" for key, value in given.items()) or "its defaults"
            raise trial_error(f"smp_{name} with {listed} cannot be built: {error}") from error

    @property
    def encoder(self) -> nn.Module:
        """What `model.pretrained` is loaded into."""
        return cast(nn.Module, self.network.encoder)

    def forward(self, x_NCHW: Tensor) -> Logits:
        """Logits of (N, K, H, W); smp has no auxiliary heads for segmentation."""
        height, width = x_NCHW.shape[-2:]
        padded = _padded_to_multiple(x_NCHW, _stride(self.network))
        logits = self.network(padded)
        if not self._checked:
            self._check_size(logits, padded)
        return Logits(logits[..., :height, :width])

    def _check_size(self, logits: Tensor, x_NCHW: Tensor) -> None:
        got, wanted = tuple(logits.shape[-2:]), tuple(x_NCHW.shape[-2:])
        if got != wanted:
            name = type(self.network).__name__.lower()
            raise trial_error(
                f"smp_{name} turns images of {wanted} into logits of {got}; leave out model.encoder_depth "
                "or change model.encoder"
            )
        self._checked = True


def _check_architecture(name: str) -> None:
    known = smp.MODEL_ARCHITECTURES_MAPPING
    if name not in known:
        names = [f"smp_{known_name}" for known_name in known]
        raise trial_error(
            f"model.architecture is 'smp_{name}'; it must be pspnet_r50_d8 or one of: {', '.join(names)}."
            + did_you_mean(f"smp_{name}", names)
        )


def _check_encoder(name: str) -> None:
    is_timm = name.startswith(TIMM_PREFIX)
    own = smp.encoders.get_encoder_names()
    known = timm.is_model(name.removeprefix(TIMM_PREFIX)) if is_timm else name in own
    if known:
        return
    candidates = [TIMM_PREFIX + model for model in timm.list_models()] + ([] if is_timm else own)
    raise trial_error(
        f"model.encoder is {name!r}, which is no encoder of segmentation_models_pytorch; it must be one of "
        f"its own, such as resnet18, or tu-NAME with the name of a timm model."
        + did_you_mean(name, candidates)
    )


def _fixed_settings(name: str) -> dict[str, Any]:
    return {"dynamic_img_size": True} if name == "dpt" else {}  # else its transformer takes one size only


def _depth_settings(name: str, depth: int | None) -> dict[str, Any]:
    """What has to change together with the depth of the encoder."""
    if depth is None:
        return {}
    parameters = inspect.signature(smp.MODEL_ARCHITECTURES_MAPPING[name]).parameters
    if "decoder_channels" in parameters and isinstance(parameters["decoder_channels"].default, tuple):
        return {"decoder_channels": parameters["decoder_channels"].default[:depth]}
    return {"upsampling": 2**depth} if name == "pspnet" else {}


def _stride(network: nn.Module) -> int:
    """What height and width of an image must be a multiple of."""
    if isinstance(network, smp.DPT):
        return 32  # halves its patches of 16 once more
    return int(cast(nn.Module, network.encoder).output_stride)  # type: ignore[arg-type]


def _padded_to_multiple(x_NCHW: Tensor, stride: int) -> Tensor:
    """Zeros, which is the mean colour, below and to the right."""
    height, width = x_NCHW.shape[-2:]
    below, right = -height % stride, -width % stride
    return functional.pad(x_NCHW, (0, right, 0, below)) if below or right else x_NCHW
