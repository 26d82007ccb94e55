"""The training that is rehearsed where no spec says another."""

from __future__ import annotations

from trainables.contract import DataConfig, ModelConfig, SceneSource, TrainingConfig, TrialConfig

_SIZE = (32, 48)

SHORT_TRIAL = TrialConfig(
    data=DataConfig(
        real=SceneSource(scenes="real", count=6, seed=1, size=_SIZE),
        generated={"generated": SceneSource(scenes="misaligned", count=6, seed=2, size=_SIZE)},
        validation=SceneSource(scenes="real", count=4, seed=3, size=_SIZE),
    ),
    model=ModelConfig(architecture="smp_pspnet", encoder="tu-mobilenetv3_small_050"),
    training=TrainingConfig(iterations=4, batch_size=2, crop_size=_SIZE, log_interval=1),
    real_ratio=0.5,
    seed=0,
    validate_at=(2,),
)
"""Four iterations on a handful of generated scenes, validated after two of them."""
