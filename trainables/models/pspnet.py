"""PSPNet as mmsegmentation builds it: `pspnet_r50-d8`."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn

from trainables.models.logits import Logits, resized_to

POOLED_SIZES = (1, 2, 3, 6)
WIDTH = 512
AUXILIARY_WIDTH = 256
DROPOUT = 0.1


class PSPNetR50D8(nn.Module):
    """ResNet-50 V1c dilated to stride 8, pyramid pooling, and an auxiliary head on stage 3.

    H. Zhao et al., "Pyramid Scene Parsing Network", CVPR 2017, with the settings of mmsegmentation 1.2's
    `configs/_base_/models/pspnet_r50-d8.py`: pooling branches 512 wide, all with batch normalisation, fused
    by a 3x3 convolution, corners not aligned. 48,975,494 parameters with 19 classes. timm's `resnet50c` is
    the same backbone, dilations included. A training batch needs at least two images: batch normalisation has
    nothing to normalise in a single 1x1 map.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        encoder: Any = timm.create_model(
            "resnet50c", pretrained=False, features_only=True, output_stride=8, out_indices=(3, 4)
        )
        self.encoder: nn.Module = encoder
        auxiliary_channels, channels = encoder.feature_info.channels()
        self.head = PyramidPoolingHead(channels, num_classes)
        self.auxiliary_head = nn.Sequential(
            _conv_bn_relu(auxiliary_channels, AUXILIARY_WIDTH, kernel_size=3),
            _classifier(AUXILIARY_WIDTH, num_classes),
        )

    def forward(self, x_NCHW: Tensor) -> Logits:
        """Logits of (N, K, H, W); auxiliary ones while training."""
        size = (x_NCHW.shape[-2], x_NCHW.shape[-1])
        stage3, stage4 = self.encoder(x_NCHW)
        main = resized_to(self.head(stage4), size)
        auxiliary = resized_to(self.auxiliary_head(stage3), size) if self.training else None
        return Logits(main, auxiliary)


class PyramidPoolingHead(nn.Module):
    """Classifies features joined with their averages over 1x1, 2x2, 3x3 and 6x6 regions."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(size), _conv_bn_relu(channels, WIDTH, kernel_size=1))
            for size in POOLED_SIZES
        )
        self.bottleneck = _conv_bn_relu(channels + len(POOLED_SIZES) * WIDTH, WIDTH, kernel_size=3)
        self.classifier = _classifier(WIDTH, num_classes)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits of (N, K, H, W) at the size of the features."""
        size = (x_NCHW.shape[-2], x_NCHW.shape[-1])
        pooled = [resized_to(branch(x_NCHW), size) for branch in self.branches]
        logits: Tensor = self.classifier(self.bottleneck(torch.cat([x_NCHW, *pooled], dim=1)))
        return logits


def _conv_bn_relu(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))


def _classifier(channels: int, num_classes: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, num_classes, kernel_size=1)
    nn.init.normal_(convolution.weight, std=0.01)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return nn.Sequential(nn.Dropout2d(DROPOUT), convolution)
