"""What one trial is told."""

from __future__ import annotations

from pydantic import Field

from trainables.contract.data import DataConfig
from trainables.contract.model import ModelConfig
from trainables.contract.section import Section
from trainables.contract.training import TrainingConfig


class TrialConfig(Section):
    """One training: one set of parameters, one seed."""

    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    real_ratio: float = Field(ge=0, le=1)
    """Share of real images in the training stream."""
    seed: int = Field(ge=0)
    validate_at: tuple[int, ...]
    """Iterations at which the trial validates and reports, rising; the rungs are among them. It does so after
    the last iteration anyway."""
