"""Versions of what makes two scores comparable. Raise one when a change to the code can change a number."""

METRIC_DEFINITION = "mmseg-iou-v1"
"""How `val_miou`, `val_macc` and `val_aacc` are computed, whole images at full size."""

TRAINING_RECIPE = "segsweep-training-v2"
"""How a trial is trained, beyond what its configuration says."""

RENDERER_VERSION = 6
"""How scenes are rendered. Raise it with every change that moves a pixel: the cache then makes them anew."""
