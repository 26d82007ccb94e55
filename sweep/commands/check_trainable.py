"""`sweep check-trainable`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.options import AsJson, json_text, say
from sweep.errors import ExitCode, SourceError

if TYPE_CHECKING:
    from trainables.contract import TrialConfig

_MARKS = {"passed": "passed", "failed": "FAILED", "not verified": "not verified"}


def check_trainable(
    trainable: Annotated[
        str,
        typer.Argument(metavar="MODULE:FUNCTION", help="A training function, such as my.training:train."),
    ],
    spec_file: Annotated[
        Path | None,
        typer.Option(
            "--spec",
            metavar="SPEC",
            help="Whose data, model, training and options it gets, made short. Default: generated scenes and "
            "a tiny network.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tries a training function of your own: does it keep its side of the contract?"""
    from tempfile import TemporaryDirectory

    from sweep.conformance import check_trainable as outcomes_of

    config = _config(trainable, spec_file)
    found = []
    with TemporaryDirectory(prefix="segsweep-check-") as folder:
        for one in outcomes_of(trainable, [Path.cwd()], config, Path(folder), say):
            found.append(one)
            if not as_json:
                told = f": {one.told}" if one.told else ""
                typer.echo(f"{_MARKS[one.verdict]:14}{one.check}{told}")
    failed = sum(one.verdict == "failed" for one in found)
    if as_json:
        checks = [{"check": one.check, "verdict": one.verdict, "told": one.told} for one in found]
        typer.echo(json_text({"trainable": trainable, "checks": checks, "failed": failed}))
    else:
        typer.echo(f"{len(found)} checks: {failed or 'none'} failed")
    if failed:
        raise typer.Exit(ExitCode.TRIALS_FAILED)


def _config(trainable: str, spec_file: Path | None) -> TrialConfig:
    """Of a short training at half real images. Raises SpecError, SourceError."""
    from sweep.conformance import SHORT_TRIAL
    from sweep.plan import planned_trials, smoke_spec, trial_config
    from sweep.spec import load_spec

    module, colon, function = trainable.partition(":")
    if not (module and colon and function):
        raise SourceError(f"{trainable!r} names no function; give package.module:function")
    if spec_file is None:
        return SHORT_TRIAL
    spec = smoke_spec(load_spec(spec_file)).spec
    config = trial_config(spec, planned_trials(spec)[0])
    return config.model_copy(update={"real_ratio": 0.5, "control": None})
