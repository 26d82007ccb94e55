"""The networks. A new one is a file here and a line in `build_model`.

Runs where only torch and timm are installed; segmentation_models_pytorch is imported when it is asked for.
Shape suffixes: N images, C channels, K classes, H and W pixels.
"""

from trainables.models.build import build_model
from trainables.models.logits import Logits

__all__ = ["Logits", "build_model"]
