"""How a network is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from trainables.contract.section import Section


class OptimizerConfig(Section):
    """The section `training.optimizer`; the defaults are mmsegmentation's."""

    name: Literal["sgd", "adamw"] = "sgd"
    lr: PositiveFloat = 0.01
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Of `sgd`; `adamw` ignores it."""
    weight_decay: float = Field(default=5e-4, ge=0)


class ScheduleConfig(Section):
    """The section `training.schedule`: polynomial, over the full length whatever is stopped."""

    name: Literal["poly"] = "poly"
    power: PositiveFloat = 0.9
    eta_min: float = Field(default=1e-4, ge=0)
    """Learning rate at the last iteration."""
    warmup_iterations: int = Field(default=0, ge=0)
    """Iterations over which the learning rate rises linearly to the schedule's."""


class AugmentationConfig(Section):
    """The section `training.augmentation`: mmsegmentation's training pipeline."""

    resize_range: tuple[PositiveFloat, PositiveFloat] = (0.5, 2.0)
    """Random resize factor, drawn uniformly; aspect kept."""
    category_max_ratio: float = Field(default=0.75, gt=0, le=1)
    """A crop in which one class covers more than this share is drawn again, up to 10 times."""
    flip: float = Field(default=0.5, ge=0, le=1)
    """Probability of a horizontal flip."""
    photometric: bool = True
    """Random brightness, contrast, saturation and hue."""


EQUAL_ITERATIONS = "equal_iterations"
FIXED_TOTAL_SET = "fixed_total_set"


class TrainingConfig(Section):
    """The section `training` of a spec."""

    iterations: PositiveInt
    """Optimizer steps of a full trial."""
    fairness: Literal["equal_iterations", "fixed_total_set"] = Field(
        default="equal_iterations",
        exclude_if=lambda value: value == EQUAL_ITERATIONS,  # so that older ids and checkpoints stay valid
    )
    """What is equal for every `real_ratio`, beside the iterations: nothing, all images are drawn from; or the
    number of different images, real and generated together, which is that of the real ones."""
    batch_size: PositiveInt = 8
    """Images per optimizer step. A trial trains on one GPU; only the mixing is ready for several."""
    crop_size: tuple[PositiveInt, PositiveInt] = (512, 512)
    """Height and width of a training crop in pixels."""
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    precision: Literal["fp32", "bf16"] = "fp32"
    """`bf16`: autocast of the forward pass; weights and optimizer stay in fp32."""
    compile: bool = False
    """Train with `torch.compile`: about a minute more at the start of every trial, then faster on a GPU."""
    seed: int = Field(default=0, ge=0)
    """Seed of a trial where `search.seeds` lists none."""
    workers: int = Field(default=0, ge=0)
    """Processes that load data. The samples are the same whatever their number."""
    pack: bool = True
    """Folders are read from their packs, which the first trial on a machine makes: images decoded once, on
    its disk. The samples are the same."""
    log_interval: PositiveInt = 50
    """Iterations between two lines of training loss."""
    validation_interval: PositiveInt | None = None
    """Iterations between validations beside those at the rungs, for smoother curves. Never judged."""
    checkpoint_interval: PositiveInt | None = None
    """Iterations between checkpoints beside those at validations."""

    @model_validator(mode="after")
    def _warm_up_ends(self) -> TrainingConfig:
        if self.schedule.warmup_iterations >= self.iterations:
            raise ValueError(
                f"schedule.warmup_iterations is {self.schedule.warmup_iterations}; "
                f"it must be less than iterations ({self.iterations})"
            )
        return self
