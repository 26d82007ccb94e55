"""`sweep compare`."""

from __future__ import annotations

import typer

from sweep.commands.options import (
    AsJson,
    At,
    Experiment,
    Final,
    MlflowUri,
    SourceName,
    Storage,
    json_text,
    rung_at,
    say,
)
from sweep.source import state_from
from sweep.storage import DEFAULT_STORAGE


def compare(
    name: SourceName = None,
    at: At = None,
    storage: Storage = DEFAULT_STORAGE,
    mlflow: MlflowUri = None,
    experiment: Experiment = None,
    final: Final = None,
    as_json: AsJson = False,
) -> None:
    """Prints the fair comparison of all arms at one rung."""
    from rich.console import Console

    from sweep.report import comparison, comparison_text

    state = state_from(name, storage, mlflow, experiment, final, say)
    rung = rung_at(state, at)
    if as_json:
        typer.echo(json_text(comparison(state, rung)))
    else:
        typer.echo(comparison_text(state, rung, width=Console().width))
