"""From a YAML file to a spec, or to all of its faults."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweep.spec.check import checked
from sweep.spec.document import Document, read_document
from sweep.spec.overrides import with_overrides
from sweep.spec.sections import Spec
from sweep.spec.wording import Found
from sweep.storage import STORAGE_VARIABLE, Storage, storage_at
from trainables.contract.command import CommandConfig
from trainables.contract.section import Section

_LEDGER = "the ledger's spec"
_CHANGEABLE = ("budget", "resources", "tracking", "notify")
_CHANGEABLE_KEY = ("storage", "checkpoint_gigabytes")


@dataclass(frozen=True)
class LoadedSpec:
    """A spec and the file it came from."""

    spec: Spec
    text: str
    """The file as the user wrote it, without what `--set` changed."""
    file: str
    document: Document | None = field(default=None, repr=False, compare=False)
    """Lines, for faults that are found later; None if the spec is not from a file."""


def load_spec(path: Path, overrides: Sequence[str] = (), *, on_disk: bool = True) -> LoadedSpec:
    """The spec in a YAML 1.2 file. `check_data` then looks at its data, or `check_curves` at what it replays.

    Args:
        path: the file.
        overrides: `KEY=VALUE`, KEY a dotted path and VALUE read as YAML, set over what the file says.
        on_disk: whether to look at the folders of a faulty spec; not for what trains nothing.

    Returns:
        The spec with defaults filled in. `data.root`, `model.pretrained`, `replay.curves` and `storage.path`
        are absolute, taken from the working directory; environment variables and `~` are not expanded. Where
        the file has no `storage.path`, the environment's SEGSWEEP_STORAGE is taken, if there is one.

    Raises:
        SpecError: with everything that is wrong, `on_disk` in the folders too if `data` itself is sound.
    """
    document = with_overrides(read_document(Path(path)), overrides)
    spec = _in_storage_of_environment(checked(document, on_disk=on_disk))
    return LoadedSpec(_filled_in(spec), document.text, document.file, document)


def spec_from_dict(values: Mapping[str, Any]) -> Spec:
    """The spec that `spec.model_dump(mode="json")` came from. Raises SpecError."""
    return _filled_in(checked(Document(_LEDGER, "", dict(values))))


def spec_of_resume(values: Mapping[str, Any], overrides: Sequence[str], storage: Storage) -> Spec:
    """The spec that a sweep goes on with: that of its ledger, in the storage where it lies now.

    Args:
        values: the ledger's spec.
        overrides: `KEY=VALUE` of budget, resources, tracking, notify or `storage.checkpoint_gigabytes`.
        storage: the folder that holds the sweep's, or the URI.

    Raises:
        SpecError: also for other keys: all trials of a sweep are trained and judged alike.
    """
    document = with_overrides(Document(_LEDGER, "", dict(values)), overrides)
    refused = [
        Found(loc, f"{loc[0]} cannot be changed in a sweep that was begun; start another", whole=True)
        for loc in document.settings
        if loc[0] not in _CHANGEABLE and loc != _CHANGEABLE_KEY
    ]
    if refused:
        raise document.error(refused)
    spec = _filled_in(checked(document))
    return _in_storage(spec, storage.absolute())


def _in_storage_of_environment(spec: Spec) -> Spec:
    """The spec in the storage where `sweep resume`, `report` and the others look for it too."""
    storage = os.environ.get(STORAGE_VARIABLE)
    if not storage or "path" in spec.storage.model_fields_set:
        return spec
    return _in_storage(spec, storage_at(storage))


def _in_storage(spec: Spec, storage: Storage) -> Spec:
    return spec.model_copy(update={"storage": spec.storage.model_copy(update={"path": storage})})


def _filled_in(spec: Spec) -> Spec:
    pretrained = spec.model.pretrained
    absolute: dict[str, Section] = {
        "data": spec.data.model_copy(update={"root": spec.data.root.absolute()}),
        "model": spec.model.model_copy(update={"pretrained": pretrained and pretrained.absolute()}),
    }
    spec = _in_storage(spec, spec.storage.path.absolute())
    if spec.command is not None:
        absolute["command"] = _absolute_command(spec.command)
    if spec.replay is not None:
        curves = {"curves": spec.replay.curves.absolute()}
        absolute["replay"] = spec.replay.model_copy(update=curves)
    search = spec.search.model_copy(update={"seeds": spec.search.seeds or (spec.training.seed,)})
    return spec.model_copy(update={**absolute, "search": search})


def _absolute_command(command: CommandConfig) -> CommandConfig:
    paths: dict[str, Any] = {"working_directory": command.working_directory.absolute()}
    if (file := command.config_file) is not None:
        paths["config_file"] = file.model_copy(update={"template": file.template.absolute()})
    return command.model_copy(update=paths)
