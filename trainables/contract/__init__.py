"""All that `sweep` and `trainables` share: what a trial is told, and what it reports back.

No torch and no Ray here: importing it takes milliseconds.
"""

from trainables.contract.data import DataConfig, ElsewhereSource, FolderSource, SceneSource, Source
from trainables.contract.errors import (
    DataError,
    NonFiniteLossError,
    OutOfMemoryError,
    RealRatioError,
    TrialError,
)
from trainables.contract.model import ModelConfig
from trainables.contract.report import ClassCounts, Mixture, Progress, Report, TimeSpent
from trainables.contract.session import CHECKPOINT_NAME, Session
from trainables.contract.training import (
    AugmentationConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainingConfig,
)
from trainables.contract.trial import Control, TrialConfig

__all__ = [
    "CHECKPOINT_NAME",
    "AugmentationConfig",
    "ClassCounts",
    "Control",
    "DataConfig",
    "DataError",
    "ElsewhereSource",
    "FolderSource",
    "Mixture",
    "ModelConfig",
    "NonFiniteLossError",
    "OptimizerConfig",
    "OutOfMemoryError",
    "Progress",
    "RealRatioError",
    "Report",
    "SceneSource",
    "ScheduleConfig",
    "Session",
    "Source",
    "TimeSpent",
    "TrainingConfig",
    "TrialConfig",
    "TrialError",
]
