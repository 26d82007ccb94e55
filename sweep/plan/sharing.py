"""Whether trials would do well to share a GPU."""

from __future__ import annotations

from sweep.spec import Spec

_SMALL_BATCH = 8 * 256 * 256  # pixels; what was measured, as the next
_MEDIUM_BATCH = 8 * 512 * 512
_MEASURED = ("smp_pspnet", "resnet18", "bf16")
_WHAT_MATTERS = ("model.", "training.batch_size", "training.crop_size", "training.precision")


def sharing_advice(spec: Spec) -> str | None:
    """For a small network that has a GPU to itself; None where nothing was measured that would apply.

    Measured on an H200 with `smp_pspnet` on `resnet18` in bf16, batch 8 (docs/benchmarks.md): 4 trials at
    once made 3.4 times the steps of one with crops of 256x256, and 1.26 times with 512x512.
    """
    is_searched = any(path.startswith(_WHAT_MATTERS) for path in spec.search.parameters)
    is_alone = spec.resources.gpus_per_trial == 1 and not spec.has_own_trainer
    measured = (spec.model.architecture, spec.model.encoder, spec.training.precision) == _MEASURED
    if not measured or not is_alone or is_searched:
        return None
    height, width = spec.training.crop_size
    pixels = spec.training.batch_size * height * width
    if pixels <= _SMALL_BATCH:
        return "so small a trial leaves an H200 idle: resources.gpus_per_trial 0.25 trains more per GPU hour"
    if pixels <= _MEDIUM_BATCH:
        return "two such trials fit an H200: resources.gpus_per_trial 0.5 trains a little more per GPU hour"
    return None
