"""Somebody else's trainer, run as a process: how it is called, and how it says what it has measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from trainables.contract.placeholders import flat
from trainables.contract.section import Section
from trainables.contract.trial import TrialConfig

StopSignal = Literal["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"]

METRIC_NAMES = ("val_miou", "val_macc", "val_aacc")
"""What a validation may tell."""
OUTPUT = "output.log"
"""File in the trial's folder: what the trainer prints."""
CHECKPOINT = "checkpoint"
"""Placeholder of what `resume` goes on from."""
ITERATION = "iteration"
"""Placeholder within `checkpoint`."""


class ConfigFile(Section):
    """The section `command.config_file`."""

    template: Path
    """Jinja2 template of a file that the trainer reads: `{{ real_ratio }}`, `{{ options.width }}` etc."""
    path: str = "{folder}/config.py"
    """Where it is written for each trial."""


class ReportsConfig(Section):
    """The section `command.reports`."""

    format: Literal["mmengine", "json", "regex"] = "mmengine"
    """`mmengine`: the log of mmsegmentation 1.x or 0.x. `json`: lines that are JSON objects. `regex`: lines
    that `pattern` finds."""
    file: str | None = None
    """The file, or a glob for all of them; what an attempt finds there at its start is of earlier ones.
    Default: what the trainer prints."""
    pattern: str | None = None
    """Of `regex`, and required there: a regular expression with the named groups `iteration` and `val_miou`,
    `val_macc`, `val_aacc` or `train_loss`."""
    scale: PositiveFloat = 1.0
    """Metrics are multiplied by this to be percent: 100 where they are fractions. Not of `mmengine`."""


class CommandConfig(Section):
    """The section `command` of a spec. In most texts `{real_ratio}` and the like are replaced."""

    arguments: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell reads them."""
    resume: tuple[str, ...] = ()
    """Further arguments where a trial goes on from `{checkpoint}`."""
    checkpoint: str | None = None
    """The trainer's own checkpoint of an `{iteration}`, such as `{folder}/work/iter_{iteration}.pth`."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Further environment variables."""
    working_directory: Path = Path()
    """Where it runs. Default: where `sweep` does."""
    config_file: ConfigFile | None = None
    """A file that is written for every trial."""
    reports: ReportsConfig = ReportsConfig()
    """How the trainer says what it has measured."""
    stop_signal: StopSignal = "SIGTERM"
    """What asks it to end."""
    grace_seconds: NonNegativeFloat = 30.0
    """Seconds that it then has, and has after its last validation, before it is killed."""

    def texts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every text that reaches the trainer and in which placeholders are replaced, by where it stands."""
        yield from ((("arguments", number), text) for number, text in enumerate(self.arguments))
        yield from ((("resume", number), text) for number, text in enumerate(self.resume))
        yield from ((("environment", name), text) for name, text in self.environment.items())

    def paths(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Likewise, every path that only we look at."""
        found: dict[tuple[str | int, ...], str | None] = {
            ("config_file", "path"): self.config_file.path if self.config_file else None,
            ("reports", "file"): self.reports.file,
            ("checkpoint",): self.checkpoint,
        }
        yield from ((loc, text) for loc, text in found.items() if text is not None)


class CommandTask(Section):
    """One trial of a command."""

    trial: TrialConfig
    command: CommandConfig
    template: str | None = None
    """Text of `config_file.template`, which other machines need not have."""
    metric: str
    """What the trial is judged by: a validation without it is none."""


def known_values(trial: TrialConfig, folder: str) -> dict[str, Any]:
    """What a template of a config file can name: nested, as the spec has it."""
    sections = trial.model_dump(mode="json", include={"data", "model", "training", "options"})
    return {
        **sections,
        "real_ratio": trial.real_ratio,
        "seed": trial.seed,
        "control": trial.control or "none",
        "folder": folder,
        "iterations": trial.training.iterations,
        "batch_size": trial.training.batch_size,
    }


def known_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a placeholder can name: `known_values`, by dotted path."""
    return dict(flat(values))
