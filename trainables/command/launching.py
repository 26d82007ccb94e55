"""How a trial's trainer is started: arguments, environment and configuration, with the trial's values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from trainables.atomic import write_whole
from trainables.command.listening import COUNTS
from trainables.command.trainer import Launch
from trainables.contract import TrialConfig
from trainables.contract.command import CHECKPOINT, ITERATION, OUTPUT, CommandTask, known_names, known_values
from trainables.contract.placeholders import as_text, filled
from trainables.contract.template import rendered

COUNTS_VARIABLE = "SEGSWEEP_COUNTS"
"""Environment variable with the file for the images that were consumed, in JSON lines."""
REAL_RATIO_VARIABLE = "SEGSWEEP_REAL_RATIO"
SEED_VARIABLE = "SEGSWEEP_SEED"


def names_of(trial: TrialConfig, folder: Path) -> dict[str, str]:
    """What placeholders stand for."""
    values = known_names(known_values(trial, str(folder.absolute())))
    return {name: as_text(value) for name, value in values.items()}


def checkpoint_template(task: CommandTask, names: Mapping[str, str]) -> str | None:
    """The path of the trainer's checkpoints with only `{iteration}` left in it."""
    template = task.command.checkpoint
    return template and filled(template, {**names, ITERATION: f"{{{ITERATION}}}"})


def launch_of(task: CommandTask, names: Mapping[str, str], folder: Path, checkpoint: Path | None) -> Launch:
    """How the trainer is started, its configuration file written.

    Args:
        task: the trial.
        names: of `names_of`.
        folder: the trial's own.
        checkpoint: what it goes on from; None: it begins.
    """
    command = task.command
    if command.config_file is not None:
        assert task.template is not None, "whoever makes a task reads the template"
        path = Path(filled(command.config_file.path, names))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, rendered(task.template, known_values(task.trial, names["folder"])).encode())
    arguments = [filled(text, names) for text in command.arguments]
    if checkpoint is not None:
        arguments += [filled(text, {**names, CHECKPOINT: str(checkpoint)}) for text in command.resume]
    return Launch(
        arguments=arguments,
        environment=_environment(task, names, folder),
        working_directory=command.working_directory,
        log=folder / OUTPUT,
        stop_signal=command.stop_signal,
        grace_seconds=command.grace_seconds,
    )


def _environment(task: CommandTask, names: Mapping[str, str], folder: Path) -> dict[str, str]:
    """That of this process, with its GPUs; what Python prints comes at once."""
    own = {name: filled(text, names) for name, text in task.command.environment.items()}
    ours = {
        COUNTS_VARIABLE: str(folder / COUNTS),
        REAL_RATIO_VARIABLE: names["real_ratio"],
        SEED_VARIABLE: names["seed"],
    }
    return {"PYTHONUNBUFFERED": "1", **os.environ, **ours, **own}
