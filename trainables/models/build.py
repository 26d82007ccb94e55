"""From the section `model` of a spec to a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.models.faults import trial_error
from trainables.models.pretrained import load_encoder
from trainables.models.pspnet import PSPNetR50D8

if TYPE_CHECKING:
    from torch import nn

    from trainables.contract import ModelConfig
    from trainables.models.smp import SmpNetwork

SMP_PREFIX = "smp_"


def build_model(config: ModelConfig, num_classes: int) -> nn.Module:
    """The network: `model(x_NCHW)` returns `Logits` for normalised float images of any height and width.

    Weights are random, from torch's global generator, apart from those of `config.pretrained`. Nothing is
    downloaded.

    Raises:
        TrialError: no such architecture or encoder, or the weights do not fit.
    """
    model: PSPNetR50D8 | SmpNetwork
    if config.architecture == "pspnet_r50_d8":
        model = _pspnet(config, num_classes)
    elif config.architecture.startswith(SMP_PREFIX):
        model = _smp(config, num_classes)
    else:
        raise trial_error(
            f"model.architecture is {config.architecture!r}; it must be pspnet_r50_d8, or smp_NAME with the "
            "name of an architecture of segmentation_models_pytorch, such as smp_pspnet or smp_unet"
        )
    if config.pretrained is not None:
        load_encoder(model.encoder, config.pretrained)
    return model


def _pspnet(config: ModelConfig, num_classes: int) -> PSPNetR50D8:
    given = {"model.encoder": config.encoder, "model.encoder_depth": config.encoder_depth}
    if names := [name for name, value in given.items() if value is not None]:
        raise trial_error(f"pspnet_r50_d8 has an encoder of its own; leave out {' and '.join(names)}")
    return PSPNetR50D8(num_classes)


def _smp(config: ModelConfig, num_classes: int) -> SmpNetwork:
    from trainables.models.smp import SmpNetwork  # here: not needed for pspnet_r50_d8, and slow to import

    name = config.architecture.removeprefix(SMP_PREFIX)
    return SmpNetwork.by_name(name, config.encoder, config.encoder_depth, num_classes)
