"""Checks of the data that need the disk: folders, pairs, label ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.spec.change import changed
from sweep.spec.command_faults import files_faults
from sweep.spec.document import Document
from sweep.spec.keys import Loc, dotted
from sweep.spec.pair_faults import pair_faults
from sweep.spec.section_faults import sources
from sweep.spec.sections import ParameterConfig
from sweep.spec.set_faults import set_faults
from sweep.spec.wording import Found
from trainables.contract import DataConfig, FolderSource, ModelConfig
from trainables.contract.pairs import PairedFolders, paired_folders

if TYPE_CHECKING:
    from sweep.spec.load import LoadedSpec

_NAMED = 3  # file names in a message


@dataclass(frozen=True)
class _Folder:
    """A source on disk: where the spec names it, and which images it has."""

    loc: Loc
    folders: PairedFolders
    images: tuple[Path, ...]


def check_data(loaded: LoadedSpec) -> None:
    """Looks at every image's header and every label of the spec's folders; scenes need no check.

    Raises:
        SpecError: with all that is missing, empty, unpaired, unreadable, of the wrong size or outside the
            classes, and images that are trained on as well as validated on; of a command, with what is wrong
            with its own files.
    """
    document = loaded.document or Document(loaded.file, loaded.text, {})
    spec = loaded.spec
    found = [
        *pretrained_faults(spec.model),
        *folder_faults(spec.data, spec.search.parameters),
        *files_faults(spec),
        *set_faults(spec),
    ]
    if found:
        raise document.error(found)


def pretrained_faults(model: ModelConfig) -> Iterator[Found]:
    """Weights that are not there."""
    if model.pretrained is not None and not model.pretrained.is_file():
        yield Found(("model", "pretrained"), f"is {model.pretrained}; there is no such file")


def folder_faults(data: DataConfig, parameters: Mapping[str, ParameterConfig]) -> Iterator[Found]:
    """What is wrong in the folders that `data` names, or that a value of the searched parameters leads to."""
    has_folders = any(isinstance(source, FolderSource) for _, source in sources(data))
    if has_folders and not data.root.is_dir():
        yield Found(("data", "root"), f"is {data.root}; there is no such folder")
        return
    folders = _folders(data, parameters)
    yield from _missing_folders(folders)
    for folder in folders:
        yield from _folder_faults(folder)
    yield from pair_faults(data, [(folder.loc, _pairs(folder)) for folder in folders])
    yield from _trained_and_validated(folders)


def _folders(data: DataConfig, parameters: Mapping[str, ParameterConfig]) -> list[_Folder]:
    """Every source with folders, then those that only a searched value leads to."""
    named = list(_named_folders(data))
    for path, parameter in parameters.items():
        if path.startswith(("data.real.", "data.generated.")):
            known = {folders for _, folders in named}
            variants = (changed(data, {path[len("data.") :]: value}) for value in parameter.choices or ())
            reached = (folders for variant in variants for _, folders in _named_folders(variant))
            named += [
                (("search", "parameters", path), one) for one in dict.fromkeys(reached) if one not in known
            ]
    return [_Folder(loc, folders, tuple(folders.image_paths())) for loc, folders in named]


def _named_folders(data: DataConfig) -> Iterator[tuple[Loc, PairedFolders]]:
    for loc, source in sources(data):
        if isinstance(source, FolderSource):
            yield loc, paired_folders(data, source)


def _missing_folders(folders: list[_Folder]) -> Iterator[Found]:
    """Each one once, at the first source that needs it."""
    needed = {path: folder.loc for folder in reversed(folders) for path in _both(folder)}
    for path, loc in needed.items():
        if not path.is_dir():
            yield Found(loc, f"needs the folder {path}, which is not there")


def _both(folder: _Folder) -> tuple[Path, Path]:
    return folder.folders.images, folder.folders.labels


def _folder_faults(folder: _Folder) -> Iterator[Found]:
    if not all(path.is_dir() for path in _both(folder)):
        return
    if not folder.images:
        yield Found(folder.loc, _no_images(folder.folders))
    if lonely := [image for image in folder.images if not folder.folders.label_path(image).is_file()]:
        message = (
            f"has {len(folder.images)} images but {len(folder.images) - len(lonely)} labels in "
            f"{folder.folders.labels}; first without a label: {_names(lonely)}. A label is named like its "
            f"image and ends in {folder.folders.label_suffix!r}"
        )
        yield Found(folder.loc, message)


def _no_images(folders: PairedFolders) -> str:
    others = sorted({path.suffix for path in folders.images.rglob("*") if path.is_file()})
    hint = f"; files there end in {', '.join(map(repr, others))}" if others else ""
    return f"has no images: no file in {folders.images} ends in {folders.image_suffix!r}{hint}"


def _pairs(folder: _Folder) -> list[tuple[Path, Path]]:
    both = [(image, folder.folders.label_path(image)) for image in folder.images]
    return [(image, label) for image, label in both if label.is_file()]


def _trained_and_validated(folders: list[_Folder]) -> Iterator[Found]:
    validation = next((folder for folder in folders if folder.loc == ("data", "validation")), None)
    if validation is None:
        return
    validated = {image.resolve() for image in validation.images}
    for folder in folders:
        both = [image for image in folder.images if image.resolve() in validated]
        if folder is not validation and both:
            message = f"has {len(both)} images that {dotted(folder.loc)} has too; first: {both[0]}"
            yield Found(validation.loc, message)


def _names(paths: list[Path]) -> str:
    more = ", ..." if len(paths) > _NAMED else ""
    return ", ".join(path.name for path in paths[:_NAMED]) + more
