"""What the keys of one section say together that cannot be: checks beside those of its model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sweep.spec.keys import Loc, dotted
from sweep.spec.sections import (
    TRAINABLES,
    BudgetConfig,
    Options,
    ReplaySection,
    ResourcesConfig,
    SearchConfig,
    TrackingConfig,
)
from sweep.spec.wording import Found, closest, given
from trainables.contract import (
    DataConfig,
    FolderSource,
    ModelConfig,
    SceneSource,
    Source,
    TrainingConfig,
)
from trainables.contract.labels import allowed_class_ids
from trainables.contract.model import PSPNET, SMP_ARCHITECTURES
from trainables.contract.pairs import paired_folders

_VALIDATION: Loc = ("data", "validation")
_TAKEN = ("all", "real")
_OWN_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FILES_OF_THE_STORAGE = ("smoke", "mlartifacts", "mlflow.db")


def name_faults(name: str) -> Iterator[Found]:
    """A sweep's folder where the storage has something else."""
    if name in _FILES_OF_THE_STORAGE or name.startswith("mlflow.db-"):
        message = f"is {name!r}, which the storage itself uses; give another name"
        yield Found(("name",), message)


def trainable_faults(trainable: str) -> Iterator[Found]:
    """No trainable of ours, and no name of a function either."""
    if trainable not in TRAINABLES and not _OWN_FUNCTION.fullmatch(trainable):
        message = (
            f"is {trainable!r}; it must be one of: {', '.join(TRAINABLES)}, or package.module:function for a "
            f"function of your own. {closest(trainable, TRAINABLES)}"
        )
        yield Found(("trainable",), message)


def options_faults(options: Options) -> Iterator[Found]:
    """Names that no placeholder and no dotted path could hold, and numbers that are none."""
    yield from _faults_of_options(("options",), options.by_name)


def _faults_of_options(loc: Loc, values: dict[str, Any]) -> Iterator[Found]:
    for name, value in values.items():
        below = (*loc, name)
        if not _OPTION.fullmatch(name):
            message = "is a bad name for an option; use letters, digits, '_' and '-', a letter or '_' first"
            yield Found(below, message)
        elif isinstance(value, dict):
            yield from _faults_of_options(below, value)
        elif isinstance(value, float) and not math.isfinite(value):
            yield Found(below, f"is {value}; it must be finite")


def replay_faults(trainable: str, replay: ReplaySection | None, search: SearchConfig) -> Iterator[Found]:
    """Curves without a replay, a replay without curves, and a search that asks for what nobody recorded."""
    if trainable == "replay" and replay is None:
        yield Found(("replay",), "is missing; trainable: replay needs it: `replay: {curves: FILE.csv}`")
    if trainable != "replay" and replay is not None:
        message = f"is given, but trainable is {trainable}; remove it, or set `trainable: replay`"
        yield Found(("replay",), message)
    if trainable == "replay" and search.method in ("optuna", "curve"):
        message = (
            f"is {search.method}, which proposes trials that may not have been recorded; with trainable: "
            "replay it must be grid or random"
        )
        yield Found(("search", "method"), message)


def data_faults(data: DataConfig) -> Iterator[Found]:
    """Names of sources and classes, label ids, sources without folders."""
    for name in data.generated:
        if name in _TAKEN or not name.replace("_", "").replace("-", "").isalnum():
            message = "is a bad name for a source; use letters, digits, '_' and '-', but not 'all' or 'real'"
            yield Found(("data", "generated", name), message)
    yield from repeated(("data", "classes"), data.classes)
    if len(data.classes) == 1 and isinstance(data.validation, FolderSource):
        message = f"has one class, {data.classes[0]!r}: every network finds it everywhere; name at least two"
        yield Found(("data", "classes"), message)
    if data.ignore_index < len(data.classes):
        taken = data.classes[data.ignore_index]
        message = f"is {data.ignore_index}, the id of the class {taken!r}; it must be none of the classes'"
        yield Found(("data", "ignore_index"), message)
    for old, new in data.label_map.items():
        yield from _label_map_faults(data, old, new)
    for loc, source in sources(data):
        if isinstance(source, FolderSource):
            yield from _folder_faults(data, loc, source)
        elif isinstance(source, SceneSource) and _is_same_scenes(loc, source, data.validation):
            message = f"is {source.seed}, which makes the scenes of {dotted(loc)}; give another seed"
            yield Found((*_VALIDATION, "seed"), message)


def model_faults(model: ModelConfig) -> Iterator[Found]:
    """An architecture there is not, an encoder that is missing, and keys that it has no use for."""
    known = (PSPNET, *SMP_ARCHITECTURES)
    if model.architecture not in known:
        message = (
            f"is {model.architecture!r}; it must be {PSPNET}, or smp_NAME with the name of an architecture "
            f"of segmentation_models_pytorch. {closest(model.architecture, known)}"
        )
        yield Found(("model", "architecture"), message)
    if model.architecture in SMP_ARCHITECTURES and model.encoder is None:
        message = f"is missing; {model.architecture} needs one, such as resnet18"
        yield Found(("model", "encoder"), message)
    for key in ("encoder", "encoder_depth"):
        value = getattr(model, key)
        if model.architecture == PSPNET and value is not None:
            message = f"is {given(value)}, but {PSPNET} has an encoder of its own; leave it out"
            yield Found(("model", key), message)


def training_faults(training: TrainingConfig) -> Iterator[Found]:
    """A resize range that ends before it starts, a learning rate that rises."""
    smallest, largest = training.augmentation.resize_range
    if smallest > largest:
        message = f"is [{smallest}, {largest}]; the smaller factor must come first"
        yield Found(("training", "augmentation", "resize_range"), message)
    lr, eta_min = training.optimizer.lr, training.schedule.eta_min
    if lr < eta_min:
        message = (
            f"is {lr}; it must be at least training.schedule.eta_min ({eta_min}), where the schedule ends"
        )
        yield Found(("training", "optimizer", "lr"), message)


def resources_faults(resources: ResourcesConfig) -> Iterator[Found]:
    """Too few GPUs for any trial."""
    gpus, most = resources.gpus_per_trial, resources.max_gpus
    if most is not None and (gpus == 0 or most < gpus):
        what = (
            "trials use no GPU: limit them with concurrent_trials" if gpus == 0 else f"a trial needs {gpus:g}"
        )
        yield Found(("resources", "max_gpus"), f"is {most:g}, but {what}")


def budget_faults(budget: BudgetConfig, resources: ResourcesConfig) -> Iterator[Found]:
    """A limit that is never reached."""
    if budget.gpu_hours is not None and resources.gpus_per_trial == 0:
        message = (
            f"is {budget.gpu_hours}, but trials use no GPU; set resources.gpus_per_trial, or leave it out"
        )
        yield Found(("budget", "gpu_hours"), message)


def tracking_faults(tracking: TrackingConfig) -> Iterator[Found]:
    """A password: the spec is kept in the ledger and shown in MLflow."""
    if tracking.uri is not None and "@" in urlsplit(tracking.uri).netloc:
        message = (
            "holds a user or a password, which would be recorded; leave it out and set the environment "
            "variable MLFLOW_TRACKING_URI, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
        yield Found(("tracking", "uri"), message)


def sources(data: DataConfig) -> Iterator[tuple[Loc, Source]]:
    """Every source and where it is."""
    yield ("data", "real"), data.real
    for name, source in data.generated.items():
        yield ("data", "generated", name), source
    yield _VALIDATION, data.validation


def repeated(loc: Loc, values: tuple[Any, ...]) -> Iterator[Found]:
    """Items of a list that are there already."""
    for number, value in enumerate(values):
        if (first := values.index(value)) < number:
            message = f"is {given(value)}, as item [{first}] is already; remove one"
            yield Found((*loc, number), message)


def _is_same_scenes(loc: Loc, source: SceneSource, validation: Source) -> bool:
    if loc == _VALIDATION or not isinstance(validation, SceneSource):
        return False
    return (source.scenes, source.seed) == (validation.scenes, validation.seed)


def _label_map_faults(data: DataConfig, old: int, new: int) -> Iterator[Found]:
    loc: Loc = ("data", "label_map", str(old))
    if not 0 <= old <= 255:
        yield Found(loc, "is no label id; label ids are between 0 and 255")
    if new not in allowed_class_ids(data):
        last = len(data.classes) - 1
        message = f"is {new}; it must be a class id (0 to {last}) or data.ignore_index ({data.ignore_index})"
        yield Found(loc, message)


def _folder_faults(data: DataConfig, loc: Loc, source: FolderSource) -> Iterator[Found]:
    try:
        paired_folders(data, source)
    except ValueError as error:
        yield Found(loc, str(error))
