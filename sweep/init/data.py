"""The `data` section for some folders, and what their images and labels are like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sweep.finding import Finding
from sweep.init.folders import Folders, Part
from sweep.init.labels import Classes, LabelIds, classes_of, closed, ids_in
from sweep.sampling import evenly
from trainables.contract import DataConfig, FolderSource
from trainables.contract.pairs import PairedFolders, paired_folders

_MOST_SIZES = 500
_RARE = 0.001
_NAMED = 4


@dataclass(frozen=True)
class LookedAt:
    """One source."""

    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    """One for each image, whether it exists or not."""
    image_suffix: str
    """What the names of its images end in, where those of other sources may end in something else."""
    sizes: Mapping[tuple[int, int], int]
    """How many images of a sample have this height and width."""


@dataclass(frozen=True)
class DataSet:
    """What a look at the folders has shown."""

    folders: Folders
    classes: Classes
    sources: Mapping[str, LookedAt]
    """`real`, `validation`, and generated ones by their names."""
    findings: tuple[Finding, ...]

    @property
    def smallest(self) -> tuple[int, int]:
        """Height and width that all images of the samples have at least; 0 where there is none."""
        known = [size for source in self.sources.values() for size in source.sizes]
        return min((height for height, _ in known), default=0), min((width for _, width in known), default=0)


def looked_at(folders: Folders, named_classes: Sequence[str]) -> DataSet:
    """Looks at names, sizes and label ids; what is at fault is told, not raised."""
    parts = {"real": folders.real, "validation": folders.validation, **folders.generated}
    pairs = _pairs(folders, parts)
    sources = {name: _look(pair) for name, pair in pairs.items()}
    ids = ids_in([path for path in sources["real"].labels if path.is_file()])
    classes = classes_of(ids, named_classes, folders.layout)
    findings = [*(_finding(name, sources[name], pairs[name]) for name in parts), *_of_labels(ids, classes)]
    return DataSet(folders, classes, sources, tuple(findings))


def _pairs(folders: Folders, parts: Mapping[str, Part]) -> dict[str, PairedFolders]:
    sources = {name: FolderSource.model_validate(dict(part.keys)) for name, part in parts.items()}
    data = DataConfig(
        root=folders.root,
        layout=folders.layout,
        real=sources["real"],
        generated={name: sources[name] for name in folders.generated},
        validation=sources["validation"],
        classes=("any",),  # they play no part in how images find their labels
    )
    return {name: paired_folders(data, source) for name, source in sources.items()}


def _look(pair: PairedFolders) -> LookedAt:
    images = tuple(pair.image_paths())
    sizes: Counter[tuple[int, int]] = Counter()
    for path in evenly(images, _MOST_SIZES):
        try:
            with Image.open(path) as image:  # the header alone
                sizes[image.height, image.width] += 1
        except (OSError, SyntaxError, ValueError):
            continue  # `check_data` names it
    labels = tuple(map(pair.label_path, images))
    return LookedAt(images, labels, pair.image_suffix, dict(sizes.most_common()))


def _finding(name: str, source: LookedAt, pair: PairedFolders) -> Finding:
    if not source.images:
        said = f"{pair.images} holds no file that ends in {pair.image_suffix!r}"
        return Finding(name, "fault", said, "name another folder, or set image_suffix in the spec")
    sizes = [f"{height}x{width}" for height, width in source.sizes]
    more = f" and {len(sizes) - 3} other sizes" if len(sizes) > 3 else ""
    said = f"{len(source.images)} images of {', '.join(sizes[:3])}{more}"
    lonely = [path for path in source.labels if not path.is_file()]
    if lonely:
        mend = "set label_suffix or labels in the spec, or take those images out"
        return Finding(name, "fault", f"{said}; {len(lonely)} have no label: no {lonely[0]}", mend)
    return Finding(name, "ok", f"{said}, each with a label")


def _of_labels(ids: LabelIds, classes: Classes) -> Iterator[Finding]:
    sample = "" if ids.looked_at == ids.files else f" in {ids.looked_at} of {ids.files} labels"
    said = f"ids {_ranges(ids.classes)}{sample}; {len(classes.names)} classes"
    if ignored := ids.shares.get(255):
        said += f"; {100 * ignored:.1f} % of the pixels are 255, which is ignored"
    if not ids.classes:
        yield Finding("labels", "fault", "hold no class", "labels are 8-bit PNGs of class ids")
    elif len(ids.classes) == 1:
        mend = "two classes are the least that can be told apart"
        if ignored:
            both = closed((*ids.classes, 255))
            mend = f"if 255 is a class: name two, set label_map to {both} and ignore_index to 254"
        yield Finding("labels", "fault", f"hold one class alone, {said}", mend)
    elif nameless := [i for i in ids.classes if classes.label_map.get(i, i) >= len(classes.names)]:
        mend = "give a name for each id, from 0 on, with --classes"
        yield Finding("labels", "fault", f"{said}, so that ids {_ranges(nameless)} have no name", mend)
    elif classes.label_map and not classes.are_invented:
        meant = [f"{own} is {classes.names[new]}" for own, new in classes.label_map.items()]
        more = "" if len(meant) <= _NAMED else ", ..."
        said = f"{said}; ids with gaps are named in their order: {', '.join(meant[:_NAMED])}{more}"
        mend = "if a class has merely no pixel in these labels, name it, too, in its place"
        yield Finding("labels", "warning", said, mend)
    elif classes.are_invented:
        yield Finding("labels", "warning", said, "write the names of the classes into the spec, by their ids")
    else:
        yield Finding("labels", "ok", said)
    used = {classes.label_map.get(i, i) for i in ids.classes}
    absent = [name for number, name in enumerate(classes.names) if number not in used]
    if ids.classes and absent and not sample:
        mend = "the sweep's mIoU leaves out what validation does not have; or a name is wrong or too many"
        yield Finding("classes", "warning", f"no label has {', '.join(absent)}", mend)
    rare = [i for i, share in ids.shares.items() if share < _RARE and i != 255]
    if rare:
        said = f"ids {_ranges(rare)} each make less than {100 * _RARE:g} % of the pixels"
        yield Finding("rare classes", "warning", said, "their IoU moves mIoU by much, and from seed to seed")


def _ranges(ids: Sequence[int]) -> str:
    """`0-10, 13`."""
    spans: list[list[int]] = []
    for i in ids:
        if spans and i == spans[-1][1] + 1:
            spans[-1][1] = i
        else:
            spans.append([i, i])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans) or "none"
