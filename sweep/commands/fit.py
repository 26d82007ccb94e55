"""`sweep fit`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

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
from sweep.errors import SourceError
from sweep.source import state_from
from sweep.storage import DEFAULT_STORAGE

if TYPE_CHECKING:
    from sweep.analysis import Analysis

Slopes = Annotated[
    list[str],
    typer.Option(
        "--slope", metavar="LOW:HIGH", help="Mean slope between two real_ratios. May be given repeatedly."
    ),
]


def fit(
    name: SourceName = None,
    at: At = None,
    slopes: Slopes = [],  # noqa: B006 - Typer's way
    storage: Storage = DEFAULT_STORAGE,
    mlflow: MlflowUri = None,
    experiment: Experiment = None,
    final: Final = None,
    as_json: AsJson = False,
) -> None:
    """Fits the curve over real_ratio: what it shows, what it does not, and what lies between."""
    from rich.console import Console

    from sweep.analysis import analyse
    from sweep.report import (
        controls_json,
        controls_text,
        differences_section,
        fits_json,
        fits_text,
        next_section,
        section_text,
    )

    intervals = [_interval(text) for text in slopes]
    state = state_from(name, storage, mlflow, experiment, final, say)
    analysis = analyse(state, rung_at(state, at))
    found = list(_slopes(analysis, intervals))
    if as_json:
        typer.echo(json_text({**fits_json(analysis), "slopes": found, "controls": controls_json(state)}))
    else:
        width = Console().width
        parts = (
            controls_text(state, width),
            fits_text(analysis, width),
            *map(_slope_text, found),
            section_text(differences_section(state), width),
            section_text(next_section(state, analysis), width),
        )
        typer.echo("\n\n".join(part for part in parts if part))


def _interval(text: str) -> tuple[float, float]:
    """`0.1:0.3` as numbers. Raises SourceError."""
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        low = high = 0.0
    if not 0 <= low < high <= 1:
        raise SourceError(f"--slope is {text!r}; give two real_ratios from 0 to 1, rising, such as 0.1:0.3")
    return low, high


def _slopes(analysis: Analysis, intervals: list[tuple[float, float]]) -> Iterator[dict[str, Any]]:
    from sweep.curves.ratio import slope

    for fits in analysis.fits:
        for low, high in intervals:
            if fits.curve is None:
                continue
            found = asdict(slope(fits.curve, low, high))
            yield {"setting": fits.setting.words, "from": low, "to": high, **found}


def _slope_text(found: dict[str, Any]) -> str:
    setting = f"{found['setting']}: " if found["setting"] else ""
    return (
        f"{setting}slope from {found['from']:g} to {found['to']:g}: {found['expected']:+.2f} points for each "
        f"0.1 of real_ratio, {found['lower']:+.2f} to {found['upper']:+.2f}"
    )
