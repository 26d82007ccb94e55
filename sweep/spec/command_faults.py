"""What is wrong with the section `command`: placeholders for nothing, searched values that reach nobody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from sweep.spec.keys import Loc
from sweep.spec.sections import COMMAND, REPLAY, Options, SearchConfig, Spec
from sweep.spec.wording import Found, closest
from trainables.contract import Control, DataConfig, ModelConfig, TrainingConfig, TrialConfig
from trainables.contract.command import (
    CHECKPOINT,
    ITERATION,
    METRIC_NAMES,
    CommandConfig,
    ReportsConfig,
    known_names,
    known_values,
)
from trainables.contract.placeholders import names_in

_GROUPS = (ITERATION, *METRIC_NAMES, "train_loss")
_SEED = "seed"
_CONTROL = "control"
_SHORT = {"training.batch_size": "batch_size"}


def presence_faults(trainable: str, command: CommandConfig | None) -> Iterator[Found]:
    """A command without its section, and the section without a command. A replay may have it, unread."""
    if trainable == COMMAND and command is None:
        message = "is missing; trainable: command needs it: `command: {arguments: [python, train.py, ...]}`"
        yield Found((COMMAND,), message)
    if trainable not in (COMMAND, REPLAY) and command is not None:
        message = f"is given, but trainable is {trainable}; remove it, or set `trainable: command`"
        yield Found((COMMAND,), message)


def command_faults(command: CommandConfig | None) -> Iterator[Found]:
    """Keys that need each other, and patterns that find nothing."""
    if command is None:
        return
    if command.resume and command.checkpoint is None:
        message = "is missing; command.resume needs it to know what to go on from"
        yield Found((COMMAND, "checkpoint"), message)
    if command.checkpoint is not None and not command.resume:
        message = "is missing; command.checkpoint needs it: arguments that tell the trainer to go on from it"
        yield Found((COMMAND, "resume"), message)
    for loc, text in command.paths():
        if not text.startswith(("{folder}/", "/")):
            message = f"is {text!r}; it must begin with {{folder}}/, the trial's own folder, or with /"
            yield Found((COMMAND, *loc), message)
    yield from _reports_faults(command.reports)


def placeholder_faults(
    command: CommandConfig, data: DataConfig, model: ModelConfig, training: TrainingConfig, options: Options
) -> Iterator[Found]:
    """Placeholders that stand for nothing."""
    known = known_names(known_values(_example(data, model, training, options), ""))
    for loc, text in chain(command.texts(), command.paths()):
        besides = {"resume": [CHECKPOINT], "checkpoint": [ITERATION]}.get(str(loc[0]), [])
        yield from _faults_of_text((COMMAND, *loc), text, [*known, *besides])
    for loc, needed in ((("checkpoint",), ITERATION), (("resume",), CHECKPOINT)):
        texts = [text for at, text in chain(command.texts(), command.paths()) if at[: len(loc)] == loc]
        if texts and needed not in _names_of(texts):
            yield Found((COMMAND, *loc), f"never says {{{needed}}}, without which it is the same for all")


def unused_faults(
    command: CommandConfig, search: SearchConfig, controls: tuple[Control, ...], template: str | None = None
) -> Iterator[Found]:
    """Searched parameters that do not reach the trainer: all of their values would be one and the same run.

    `template`: text of the configuration file; without it nothing is said of a command that has one.
    """
    if command.config_file is not None and template is None:
        return
    used = _names_of(text for _, text in command.texts())
    where = "command.arguments or command.environment"
    if template is not None:
        from trainables.contract.template import names_used

        used |= names_used(template)
        where = "command.arguments, command.environment or the template"
    for path in search.parameters:
        if not _reaches(path, used):
            message = f"is searched, but {{{path}}} is nowhere in {where}: its values would change nothing"
            yield Found(("search", "parameters", path), message)
    if len(search.seeds) > 1 and _SEED not in used:
        message = f"has several, but {{seed}} is nowhere in {where}: all would be the same run"
        yield Found(("search", "seeds"), message)
    if controls and _CONTROL not in used:
        message = f"need a trainer that knows them, but {{control}} is nowhere in {where}"
        yield Found(("controls",), message)


def files_faults(spec: Spec) -> Iterator[Found]:
    """A working directory that is not there, a template that fails or leaves something unused."""
    if spec.command is None:
        return
    folder, file = spec.command.working_directory, spec.command.config_file
    if not folder.is_dir():
        yield Found((COMMAND, "working_directory"), f"is {folder}; there is no such folder")
    if file is None:
        return
    from trainables.contract.template import rendered

    loc: Loc = (COMMAND, "config_file", "template")
    trial = _example(spec.data, spec.model, spec.training, spec.options)
    try:
        text = file.template.read_text()
        rendered(text, known_values(trial, "/folder"))
        yield from unused_faults(spec.command, spec.search, spec.controls, text)
    except OSError as error:
        yield Found(loc, f"is {file.template}, which cannot be read: {error.strerror}")
    except ValueError as error:
        yield Found(loc, f"is {file.template}, which {error}")


def _reports_faults(reports: ReportsConfig) -> Iterator[Found]:
    loc: Loc = (COMMAND, "reports")
    if reports.format == "regex" and reports.pattern is None:
        yield Found((*loc, "pattern"), "is missing; format: regex needs it")
    if reports.format != "regex" and reports.pattern is not None:
        yield Found((*loc, "pattern"), "is given, but only format: regex reads it; remove it")
    if reports.format == "mmengine" and reports.scale != 1:
        message = f"is {reports.scale:g}, but mmengine's logs tell their unit; remove it"
        yield Found((*loc, "scale"), message)
    if reports.format == "regex" and reports.pattern is not None:
        yield from _pattern_faults((*loc, "pattern"), reports.pattern)


def _pattern_faults(loc: Loc, pattern: str) -> Iterator[Found]:
    try:
        groups = set(re.compile(pattern).groupindex)
    except re.error as error:
        yield Found(loc, f"is no regular expression: {error}")
        return
    for name in sorted(groups - set(_GROUPS)):
        yield Found(loc, f"has an unknown group {name!r}. {closest(name, _GROUPS)}")
    if ITERATION not in groups or not groups & set(METRIC_NAMES):
        some = ", ".join(METRIC_NAMES)
        yield Found(loc, f"must have the named groups {ITERATION} and one of {some}: (?P<NAME>...)")


def _faults_of_text(loc: Loc, text: str, known: Collection[str]) -> Iterator[Found]:
    try:
        names = names_in(text)
    except ValueError as error:
        yield Found(loc, str(error))
        return
    for name in names:
        if name not in known:
            yield Found(loc, f"has an unknown placeholder {{{name}}}. {closest(name, known)}")


def _names_of(texts: Any) -> frozenset[str]:
    found: set[str] = set()
    for text in texts:
        try:
            found.update(names_in(text))
        except ValueError:
            continue  # said elsewhere
    return frozenset(found)


def _reaches(path: str, used: Collection[str]) -> bool:
    """Whether the parameter itself is used, a section that holds it, or a part of it; or its short name."""
    names = (path, _SHORT.get(path, path))
    return any(_overlap(name, one) for name in names for one in used)


def _overlap(left: str, right: str) -> bool:
    return left == right or left.startswith(f"{right}.") or right.startswith(f"{left}.")


def _example(data: DataConfig, model: ModelConfig, training: TrainingConfig, options: Options) -> TrialConfig:
    return TrialConfig(
        data=data,
        model=model,
        training=training,
        options=options.by_name,
        real_ratio=1.0,
        seed=0,
        validate_at=(),
    )
