"""`sweep pack`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.commands.options import Overrides, SpecFile, say
from sweep.errors import ExitCode, StorageError

if TYPE_CHECKING:
    from trainables.data import FolderSamples

_SECONDS_BETWEEN_LINES = 10.0


def pack(
    spec_file: SpecFile,
    overrides: Overrides = [],  # noqa: B006 - Typer's way
    threads: Annotated[
        int | None, typer.Option(min=1, help="That decode. Default: one a core.", show_default=False)
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compares every byte of packs and folders, a matter of minutes.")
    ] = False,
) -> None:
    """Decodes the folders of a spec once, for all trials on this machine."""
    from sweep.spec import load_spec
    from sweep.spec.keys import dotted
    from sweep.spec.section_faults import sources
    from trainables.contract import DataError, FolderSource
    from trainables.data import FolderSamples

    data = load_spec(spec_file, overrides).spec.data
    faults: list[str] = []
    for loc, source in sources(data):
        if isinstance(source, FolderSource):
            try:
                samples = FolderSamples(data, source)
                faults += _packed(dotted(loc), samples, threads or os.cpu_count() or 1, verify)
            except DataError as error:
                faults.append(f"{dotted(loc)}: {error}")
        else:
            typer.echo(f"{dotted(loc)}: is no folder, nothing to pack")
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(ExitCode.USAGE)


def _packed(name: str, samples: FolderSamples, threads: int, verify: bool) -> list[str]:
    """Tells what there is now, and returns what is wrong with it."""
    from trainables.data.packs import pack_faults, renewed_pack

    begun = time.monotonic()
    try:
        pack = renewed_pack(samples, threads=threads, tell=_progress(name, len(samples)))
    except OSError as error:
        raise StorageError(f"{name}: cannot be packed: {error}") from error
    took = f"packed in {time.monotonic() - begun:.1f} s" if pack.is_new else "up to date"
    size = f"{pack.manifest.images} images, {pack.manifest.bytes / 1e9:.2f} GB"
    typer.echo(f"{name}: {size}, {took}: {pack.folder}")
    return list(pack_faults(samples, pack)) if verify else []


def _progress(name: str, count: int) -> Callable[[int], None]:
    """Says how far it is, now and then."""
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(f"{name}: {done} of {count} images")

    return tell
