"""`sweep predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sweep.commands.options import (
    AsJson,
    Experiment,
    Final,
    MlflowUri,
    SourceName,
    Storage,
    json_text,
    rung_at,
    say,
)
from sweep.errors import SourceError
from sweep.source import state_from
from sweep.storage import DEFAULT_STORAGE

if TYPE_CHECKING:
    from sweep.analysis import Analysis, Fits

RealRatios = Annotated[
    list[float],
    typer.Option(
        "--real-ratio", min=0.0, max=1.0, help="A share of real images, run or not. May be given repeatedly."
    ),
]
AtOrEnd = Annotated[
    int | None,
    typer.Option("--at", metavar="ITERATION", help="The rung. Default: the end of a training."),
]


def predict(
    real_ratio: RealRatios,
    name: SourceName = None,
    at: AtOrEnd = None,
    storage: Storage = DEFAULT_STORAGE,
    mlflow: MlflowUri = None,
    experiment: Experiment = None,
    final: Final = None,
    as_json: AsJson = False,
) -> None:
    """Predicts the value of a training at a share of real images, run or not."""
    from sweep.analysis import analyse

    state = state_from(name, storage, mlflow, experiment, final, say)
    analysis = analyse(state, None if at is None else rung_at(state, at))
    if not analysis.has_curve:
        raise SourceError(
            f"no trial of {analysis.sweep!r} has a value at iteration {analysis.rung} yet, so nothing can be "
            "predicted; `sweep compare` shows what there is at earlier rungs"
        )
    rows = [row for fits in analysis.fits for row in _rows(fits, real_ratio)]
    if as_json:
        typer.echo(json_text({"sweep": analysis.sweep, "iteration": analysis.rung, "predictions": rows}))
    else:
        typer.echo(_text(analysis, rows))


def _rows(fits: Fits, real_ratios: list[float]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from sweep.curves.ratio import value_at

    if fits.curve is None:
        return []
    return [{"setting": fits.setting.words, **asdict(value_at(fits.curve, one))} for one in real_ratios]


def _text(analysis: Analysis, rows: list[dict[str, Any]]) -> str:
    lines = [f"{analysis.metric} of one more training at iteration {analysis.rung}, predicted, not measured:"]
    for row in rows:
        setting = f", {row['setting']}" if row["setting"] else ""
        beyond = "; extrapolation" if row["extrapolated"] else ""
        lines.append(
            f"  real_ratio {row['real_ratio']:g}{setting}: expected {row['expected']:.1f}, "
            f"optimistic {row['optimistic']:.1f}, pessimistic {row['pessimistic']:.1f}{beyond}"
        )
    if not all(row["extrapolated"] for row in rows):
        lines.append(
            "Between shares that were run, 9 of 10 trainings end between pessimistic and optimistic."
        )
    if any(row["extrapolated"] for row in rows):
        lines.append("An extrapolation supposes much: a cliff where no trial ran is not in it.")
    if analysis.noise.source == "prior":
        lines.append(
            "No arm has two differing seeds: that runs differ by sd "
            f"{analysis.noise.sd:.2f} is supposed, not measured."
        )
    return "\n".join(lines)
