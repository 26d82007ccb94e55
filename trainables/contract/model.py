"""Which network is trained."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trainables.contract.section import Section

PSPNET = "pspnet_r50_d8"
SMP_ARCHITECTURES = tuple(
    f"smp_{name}"
    for name in (
        *("unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "deeplabv3", "deeplabv3plus", "pan"),
        *("upernet", "segformer", "dpt"),
    )
)
"""Those of segmentation_models_pytorch 0.6. A list, so that a spec can be checked without importing torch."""


class ModelConfig(Section):
    """The section `model` of a spec."""

    architecture: str = PSPNET
    """`pspnet_r50_d8` is mmsegmentation's network. `smp_NAME`, such as `smp_pspnet` or `smp_unet`, is that
    architecture of segmentation_models_pytorch; its PSPNet is another, about 20 times smaller network."""
    encoder: str | None = None
    """Encoder of an smp architecture, such as `resnet18` or `tu-mobilenetv3_small_050`.
    Required in a spec."""
    encoder_depth: int | None = Field(default=None, ge=3, le=5)
    """Stages of an smp encoder. Default: the architecture's own."""
    auxiliary_weight: float = Field(default=0.4, ge=0)
    """Weight of the auxiliary head's loss, where the network has one (`pspnet_r50_d8`)."""
    pretrained: Path | None = None
    """A local .safetensors file of encoder weights. Nothing is ever downloaded."""
