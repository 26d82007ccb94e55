"""The sections of a spec that are not the trainable's: search, early stopping, budget, resources and so on.

`data`, `model` and `training` are in `trainables.contract`. The docstring below a key is its documentation;
`docs/spec.md` names every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PlainSerializer,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sweep.errors import StorageError
from sweep.spec.wording import Words
from sweep.storage import DEFAULT_STORAGE, Storage, StoreURI, storage_at
from trainables.contract import Control, DataConfig, ModelConfig, TrainingConfig
from trainables.contract.command import CommandConfig
from trainables.contract.section import Section

Point = dict[str, Any]
"""Values of searched parameters by dotted path."""

Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64),
    Words("1 to 64 lower-case letters, digits, '.', '_' and '-', the first a letter or digit"),
]


Seed = Annotated[int, Field(ge=0, lt=2**32)]

SEGMENTATION = "segmentation"
REPLAY = "replay"
COMMAND = "command"
TRAINABLES = (SEGMENTATION, REPLAY, COMMAND)
"""What `trainable` may be, beside the name of a function."""


def is_own_trainer(trainable: str) -> bool:
    """Whether it is none of the package's: we do not see what it consumes, nor its images."""
    return trainable not in (SEGMENTATION, REPLAY)


class ParameterConfig(Section):
    """One searched parameter: `values`, or `min` and `max`, or a fixed `value`."""

    values: tuple[Any, ...] | None = None
    """All values to try, numbers or names."""
    value: Any = None
    """The only value: short for `values` with one."""
    min: float | None = None
    """Smallest value that may be drawn."""
    max: float | None = None
    """Largest value that may be drawn."""
    distribution: Literal["uniform", "log_uniform_values"] = "uniform"
    """How values between `min` and `max` are drawn; keys that take whole numbers get whole numbers."""

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """All values there are; None for a range."""
        if self.values is not None:
            return self.values
        return None if self.value is None else (self.value,)

    @property
    def is_log(self) -> bool:
        """Whether values are drawn uniformly on a logarithmic scale."""
        return self.distribution == "log_uniform_values"

    @model_validator(mode="after")
    def _one_form(self) -> ParameterConfig:
        given = [key for key in ("values", "value", "min", "max") if getattr(self, key) is not None]
        if given not in (["values"], ["value"], ["min", "max"]):
            has = f"has {' and '.join(given)}" if given else "is empty"
            raise ValueError(f"{has}; give `values`, or `min` and `max`, or `value`")
        return self


class SearchConfig(Section):
    """The section `search`: which trials there are."""

    method: Literal["grid", "random", "optuna", "curve"] = "grid"
    """`grid`: every combination of the values. `random`: drawn beforehand. `optuna`: drawn with an eye on
    the results so far. `curve`: `real_ratio` alone, where it says most about the curve over it."""
    metric: Literal["val_miou", "val_macc", "val_aacc"] = "val_miou"
    """What trials are judged by, in percent; more is better."""
    parameters: dict[str, ParameterConfig]
    """What is searched, by dotted path; `real_ratio` is one of them."""
    seeds: tuple[Seed, ...] = ()
    """Every arm is trained once with each of these seeds. Default: `training.seed` alone."""
    points_first: tuple[Point, ...] = ()
    """Arms that start before all others, each with a value for every parameter."""
    trials: PositiveInt | None = None
    """Number of arms of `random` and `optuna`, those of `points_first` and the baseline included; of `curve`
    the number of trials, since another seed may help more than another arm."""
    seed: Seed = 0
    """Seed of the search itself and of the order in which trials start."""


class EarlyStoppingConfig(Section):
    """The section `early_stopping`: where trials are compared, and when one is stopped."""

    name: Literal["guarded", "asha", "median", "promote", "none"] = "guarded"
    """`asha` stops a trial that is not among the best of its rung; `guarded` does so only if it will hardly
    overtake the leader any more; `median` stops what is below the median; `promote` pauses trials and lets
    those go on that may still matter; `none`: every trial runs to the end."""
    rungs: tuple[PositiveInt, ...] = ()
    """Iterations at which all trials are validated and compared, rising. The last iteration is always one."""
    reduction_factor: Annotated[float, Field(gt=1)] = 3.0
    """Of `asha` and `guarded`: about one in this many trials goes on from a rung."""
    delta: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Of `guarded` and `promote`: a trial is given up only if its chance to overtake the leader by the end is
    below this."""
    aim: Literal["winner", "curve"] = "winner"
    """Of `promote`: paused trials go on where that says most about which arm is the best, or about the curve
    over `real_ratio`."""
    tolerance: PositiveFloat = 0.6
    """Of `promote` with `aim: curve`: error of the final values that will do, as expected on average over the
    trials, in points of percent."""
    spend: Annotated[float, Field(gt=0, le=1)] | None = None
    """Of `promote`: share of the iterations of all trials to the end that may be spent, and is whatever
    the evidence says. Default: as much as the evidence asks for."""
    min_peers: PositiveInt = 3
    """Other trials that must have reached a rung before one is stopped."""
    patience: PositiveInt = 1
    """Rungs in a row at which the rule must be against a trial before it is stopped."""
    spare: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the trials to be stopped that run on to the end, to measure how often stopping is wrong."""
    noise_sd: NonNegativeFloat = 0.7
    """Supposed standard deviation of the metric between runs that differ only in seed, in points of percent;
    what the sweep's own seeds show at a rung is pooled with it. No gap within such noise stops a trial."""
    seeds_together: bool = True
    """Arms are judged by the means over their seeds; `false`: every trial for itself."""
    protect: tuple[Point, ...] = ()
    """Arms that are never stopped, beside the baseline. A key left out means all of its values."""


class BudgetConfig(Section):
    """The section `budget`: when no other trial starts. null: no limit.

    Running trials go on to their next rung when hours are spent, to their end when `trials` is.
    """

    trials: PositiveInt | None = None
    """Trials that may start."""
    hours: PositiveFloat | None = None
    """Hours on the clock."""
    gpu_hours: PositiveFloat | None = None
    """Hours of training times GPUs per trial, over all trials."""


class ResourcesConfig(Section):
    """The section `resources`: what a trial needs, and how many run at once."""

    cpus_per_trial: PositiveFloat = 1.0
    gpus_per_trial: NonNegativeFloat = 0.0
    """At most 1, but with a trainer of your own. May be a fraction: 0.5 lets two trials share a GPU."""
    concurrent_trials: PositiveInt | None = None
    """Trials at once. Default: as many as the cluster has room for."""
    max_gpus: PositiveFloat | None = None
    """GPUs that the sweep may hold at once. Default: all that the cluster has."""
    priority: int = 0
    """Where several sweeps share a cluster, trials of the one with the highest start first; where it is the
    same, those of the one that came first."""
    max_failures: NonNegativeInt = 2
    """How often a trial is retried from its last checkpoint after an attempt broke off. That its node is
    gone, as a spot machine that is taken away, does not count."""
    max_node_failures: PositiveInt = 3
    """Attempts, of more than one trial, that may break off on a node before it is used no more."""
    stall_timeout: PositiveFloat | None = 3600.0
    """Seconds without a sign of life after which a trial ends its own process, to be retried; null: never."""
    seconds_per_iteration: PositiveFloat | None = None
    """Of training, for the costs that `sweep plan` prints. Default: what a former trial measured."""


class TrackingConfig(Section):
    """The section `tracking`: MLflow."""

    uri: str | None = None
    """MLflow's tracking URI, without a password. Default: the environment's MLFLOW_TRACKING_URI, else an
    SQLite file in the storage."""
    experiment: str = "segsweep"
    """MLflow's experiment."""
    enabled: bool = True
    """`false`: nothing is sent to MLflow; the ledger has it all."""
    log_models: bool = False
    """Whether the networks of finished trials become MLflow models, when the sweep ends. Only with
    `trainable: segmentation`."""


VariableName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
    Words("the name of an environment variable, which holds the URL"),
]


class NotifyConfig(Section):
    """The section `notify`: a webhook that is told by POST, such as Slack's or Discord's."""

    webhook: VariableName | None = None
    """Name of the environment variable that holds the webhook's URL. The URL itself is a secret, and would be
    recorded. null: nobody is told."""
    when: tuple[Literal["end", "failed"], ...] = ("end", "failed")
    """`end`: the sweep has ended, whatever its outcome. `failed`: a trial has failed for good."""


class ReplaySection(Section):
    """The section `replay`: what is reported instead of training, with `trainable: replay`."""

    curves: Path
    """CSV file of measurements, as docs/import.md describes it, with every arm, seed and validation of the
    plan."""
    seconds_per_iteration: NonNegativeFloat = 0.0
    """How long a trial waits before each iteration."""


class Options(Section):
    """The section `options`: names and values that mean something to a trainer of your own alone."""

    model_config = ConfigDict(extra="allow")

    @property
    def by_name(self) -> dict[str, Any]:
        """As the file has them."""
        return dict(self.model_extra or {})


def _storage(value: Any) -> Storage:
    if isinstance(value, Path | StoreURI):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("storage", "no storage")
    try:
        return storage_at(value)
    except StorageError as error:
        raise ValueError(f"is refused: {error}") from None


StoragePath = Annotated[
    Storage,
    PlainValidator(_storage),
    PlainSerializer(str),
    Words("a path, or a URI such as s3://bucket/sweeps"),
]


class StorageSection(Section):
    """The section `storage` of an extension: where its sweep lies."""

    path: StoragePath = DEFAULT_STORAGE
    """Folder that holds all sweeps, each in a folder of its name, on a cluster shared by all nodes; or a URI,
    s3:// or gs://. Where a spec has none, the environment's SEGSWEEP_STORAGE comes before the default."""


class StorageConfig(StorageSection):
    """The section `storage`."""

    checkpoint_gigabytes: PositiveFloat | None = None
    """What the checkpoints of the sweep may take. When they take more, those of trials that have ended go,
    the worst first. Default: no limit."""


class Spec(Section):
    """A whole spec. `sweep.spec.load_spec` makes one; nothing else checks what no single key can tell."""

    name: Name
    """Name of the sweep and of its folder."""
    description: str = ""
    """Free text for the report."""
    trainable: str = SEGMENTATION
    """What a trial is. `replay`: nothing is trained; trials report the curves that `replay.curves` holds.
    `command`: a trainer of your own, run as a process. `package.module:function`: a function of your own."""
    replay: ReplaySection | None = None
    """Only with `trainable: replay`, and required there."""
    command: CommandConfig | None = None
    """Only with `trainable: command`, and required there."""
    options: Options = Options()
    """What a trainer of your own is given beside the other sections: names and values that you choose. Each
    can be searched as `options.NAME`."""
    protocol: str | None = None
    """What the scores of a trainer of your own are measured by, in words. Sweeps with the same words and the
    same `data.validation` are compared. Default: only with sweeps of the same trainer."""
    data: DataConfig
    model: ModelConfig = ModelConfig()
    training: TrainingConfig
    search: SearchConfig
    baseline: Point = Field(default_factory=lambda: {"real_ratio": 1.0})
    """The arm that all others are compared with: parameters by dotted path."""
    early_stopping: EarlyStoppingConfig = EarlyStoppingConfig()
    controls: tuple[Control, ...] = ()
    """Arms that test the sweep itself, by what stands in for generated images: `copy` of the real ones, which
    must change nothing, and `noise`, which must ruin the training."""
    budget: BudgetConfig = BudgetConfig()
    resources: ResourcesConfig = ResourcesConfig()
    tracking: TrackingConfig = TrackingConfig()
    notify: NotifyConfig = NotifyConfig()
    storage: StorageConfig = StorageConfig()

    @property
    def has_own_trainer(self) -> bool:
        """Whether somebody else trains: a process or a function that is not ours."""
        return is_own_trainer(self.trainable)
