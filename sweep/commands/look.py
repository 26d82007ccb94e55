"""`sweep look`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.options import Overrides, SpecFile
from sweep.errors import SourceError, StorageError

if TYPE_CHECKING:
    from sweep.spec import Spec
    from trainables.contract import TrialConfig


def look(
    spec_file: SpecFile,
    real_ratio: Annotated[
        float, typer.Option("--real-ratio", min=0, max=1, help="Share of real images of the mixture.")
    ] = 0.5,
    batches: Annotated[int, typer.Option(min=1, max=20, help="How many, from the beginning.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The picture: PNG, SVG or PDF.")
    ] = Path("look.png"),
    overrides: Overrides = [],  # noqa: B006 - Typer's way
) -> None:
    """Draws the first batches that a training gets, with their labels laid over them."""
    from sweep.spec import check_data, load_spec

    kind = _kind_of(output)
    loaded = load_spec(spec_file, overrides)
    _must_be_here(loaded.spec)
    check_data(loaded)
    config = _config(loaded.spec, real_ratio, seed)

    from sweep.report.contact_sheet import contact_sheet
    from sweep.report.drawing import figure_bytes
    from trainables.contract import TrialError
    from trainables.preview import first_batches

    try:
        drawn = first_batches(config, batches)
    except TrialError as error:
        raise SourceError(f"{spec_file}: {error}") from error
    counts = Counter(crop.source for batch in drawn for crop in batch)
    told = _told(counts, real_ratio)
    title = f"{loaded.spec.name}, seed {seed}: {told}"
    figure = contact_sheet(drawn, config.data.classes, config.data.ignore_index, title)
    try:
        output.write_bytes(figure_bytes(figure, kind))
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error}") from error
    typer.echo(f"{batches} batches of {config.training.batch_size}: {told}")
    typer.echo(f"picture: {output}")


def _kind_of(output: Path) -> str:
    kind = output.suffix.removeprefix(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise typer.BadParameter(f"{output} must end in .png, .svg or .pdf", param_hint="--output")
    return kind


def _must_be_here(spec: Spec) -> None:
    from sweep.spec.keys import dotted
    from sweep.spec.section_faults import sources
    from trainables.contract import ElsewhereSource

    elsewhere = [dotted(loc) for loc, source in sources(spec.data) if isinstance(source, ElsewhereSource)]
    if elsewhere:
        named = ", ".join(elsewhere)
        raise SourceError(
            f"{named}: lies elsewhere, where only the spec's own trainer finds it: nothing to look at"
        )


def _config(spec: Spec, real_ratio: float, seed: int) -> TrialConfig:
    """Of the spec's first trial, at another mixture."""
    from sweep.plan import planned_trials, trial_config

    config = trial_config(spec, planned_trials(spec)[0])
    if real_ratio < 1 and not config.generated_weights():
        raise SourceError(
            f"real_ratio {real_ratio:g} needs generated images, and the spec has none; give --real-ratio 1"
        )
    return config.model_copy(update={"real_ratio": real_ratio, "seed": seed, "control": None})


def _told(counts: Counter[str], real_ratio: float) -> str:
    generated = sorted(set(counts) - {"real"})
    each = [f"{counts[name]} {name}" for name in ("real", *generated)]
    return f"real_ratio {real_ratio:g}: {', '.join(each)} of {counts.total()} images"
