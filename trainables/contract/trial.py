"""What one trial is told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from trainables.contract.data import DataConfig
from trainables.contract.model import ModelConfig
from trainables.contract.section import Section
from trainables.contract.training import TrainingConfig

Control = Literal["copy", "noise"]
"""What stands in for generated images in a trial that tests the sweep itself: the real images once more, or
noise."""


class TrialConfig(Section):
    """One training: one set of parameters, one seed."""

    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    real_ratio: float = Field(ge=0, le=1)
    """Share of real images in the training stream."""
    control: Control | None = None
    """What stands in for all generated images; None: nothing, they are those of `data.generated`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What a trainer that is not ours is given beside all this, with the searched values put in."""
    seed: int = Field(ge=0)
    validate_at: tuple[int, ...]
    """Iterations at which the trial validates and reports, rising; the rungs are among them. It does so after
    the last iteration anyway."""

    inventories: dict[str, str] = Field(default_factory=dict)
    """`PairedFolders.inventory` of the sources that are folders, by dotted path such as `data.real`, when the
    sweep was begun or resumed. Another one now fails the trial. Those that are missing are not looked at."""

    def generated_weights(self) -> dict[str, float]:
        """Normalised weight of every source of generated images; a control is one, by its own name."""
        return self.data.generated_in_use() if self.control is None else {self.control: 1.0}
