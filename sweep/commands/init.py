"""`sweep init`."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.findings import print_findings
from sweep.errors import ExitCode, NameInUseError, SourceError, SpecError, StorageError

if TYPE_CHECKING:
    from sweep.init import Asked, Folders

_FOLDER = "FOLDER"
_PAIR = "NAME=FOLDER"


def init(
    root: Annotated[
        Path, typer.Argument(metavar="ROOT", help="Folder that holds all images and labels.")
    ] = Path(),
    real: Annotated[
        str | None, typer.Option(metavar=_FOLDER, help="Real training images: a folder, or a split.")
    ] = None,
    labels: Annotated[str | None, typer.Option(metavar=_FOLDER, help="Their labels.")] = None,
    generated: Annotated[
        list[str], typer.Option(metavar=_PAIR, help="Generated images; may be given several times.")
    ] = [],  # noqa: B006 - Typer's way
    generated_labels: Annotated[
        list[str], typer.Option(metavar=_PAIR, help="Their labels. Default: those of the real images.")
    ] = [],  # noqa: B006
    validation: Annotated[
        str | None, typer.Option(metavar=_FOLDER, help="Real images to validate on: a folder, or a split.")
    ] = None,
    validation_labels: Annotated[str | None, typer.Option(metavar=_FOLDER, help="Their labels.")] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Class names by id: road,car,... or a file with a name a line."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the sweep. Default: that of the file.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")] = Path("ratios.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replaces a file that is there.")] = False,
) -> None:
    """Looks at your folders of images and writes a spec for them, with comments."""
    from sweep.init import Asked, looked_at, overlap_findings, spec_text
    from trainables import devices

    if output.exists() and not force:
        raise NameInUseError(
            f"{output} is there already; give another name with -o, or --force to replace it"
        )
    named = _class_names(classes)
    asked = Asked(
        real, labels, validation, validation_labels, _by_name(generated), _by_name(generated_labels)
    )
    data = looked_at(_folders(root, asked), named)
    faults = print_findings([*data.findings, *overlap_findings(data.sources)])
    text = spec_text(data, name=name or _name_of(output), file=str(output), gpus=devices.count_gpus())
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{output}: cannot be written: {error.strerror}") from error
    typer.echo(f"spec: {output}")
    faults += _faults_of(output)
    if faults:
        raise typer.Exit(ExitCode.USAGE)
    typer.echo(f"next: sweep plan {output}; sweep look {output}; sweep run {output} --smoke")


def _faults_of(spec_file: Path) -> int:
    """Prints what `sweep plan` would say of the file, and counts it."""
    from sweep.spec import check_data, load_spec

    try:
        check_data(load_spec(spec_file))
    except SpecError as error:
        typer.echo(str(error), err=True)
        return len(error.faults)
    return 0


def _name_of(output: Path) -> str:
    """`my-data` of `My data.yaml`."""
    return re.sub(r"[^a-z0-9._]+", "-", output.stem.lower()).strip("-._")[:64] or "ratios"


def _class_names(given: str | None) -> list[str]:
    if given is None:
        return []
    if Path(given).is_file():
        lines = Path(given).read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]
    return [one.strip() for one in given.split(",") if one.strip()]


def _by_name(pairs: list[str]) -> dict[str, str]:
    faults = [pair for pair in pairs if not all(pair.partition("="))]
    if faults:
        raise SourceError(
            "\n".join(f"{pair!r} must be {_PAIR}, such as gen_night=img/night" for pair in faults)
        )
    return dict(pair.split("=", 1) for pair in pairs)


def _folders(root: Path, asked: Asked) -> Folders:
    """Those of the data set; asks for what is missing if somebody is there to answer. Raises SourceError."""
    from sweep.init import found_folders

    try:
        return found_folders(root, asked)
    except SourceError:
        if not sys.stdin.isatty() or asked.real is not None or not root.is_dir():
            raise
    return found_folders(root, _answered(root, asked))


def _answered(root: Path, asked: Asked) -> Asked:
    """What was given is not asked again. Enter leaves generated images out."""
    from sweep.init.folders import image_folders

    typer.echo(f"Folders with images below {root}:")
    for folder, count, suffix in image_folders(root):
        typer.echo(f"  {folder}: {count} files that end in {suffix}")
    real = typer.prompt("Real training images")
    labels = asked.labels or typer.prompt("Their labels")
    validation = asked.validation or typer.prompt("Real images to validate on")
    validation_labels = asked.validation_labels or typer.prompt("Their labels", default=labels)
    generated = dict(asked.generated)
    while folder := typer.prompt("Generated images (enter: no more)", default="", show_default=False):
        generated[typer.prompt("A name for them", default=Path(folder).name)] = folder
    return replace(
        asked,
        real=real,
        labels=labels,
        validation=validation,
        validation_labels=validation_labels,
        generated=generated,
    )
