"""Which folders hold what: by the conventions of a layout, or as the user says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweep.errors import SourceError
from trainables.contract.data import Layout
from trainables.contract.pairs import LAYOUTS, PairedFolders

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_VALIDATION_SPLITS = ("val", "valid", "validation")
_NOT_GENERATED = ("train", "test", "trainval", "train_extra", *_VALIDATION_SPLITS)
_LOOKED_AT = 200  # files of a folder, to tell what they end in


@dataclass(frozen=True)
class Asked:
    """What the user has named: folders, below the root or absolute, or splits of the layout."""

    real: str | None = None
    labels: str | None = None
    validation: str | None = None
    validation_labels: str | None = None
    generated: Mapping[str, str] = field(default_factory=dict)
    """Images by the name of their source."""
    generated_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One source, as a spec writes it."""

    keys: Mapping[str, str]
    """Of the source: `split`, or `images`, `labels` and what their files end in."""


@dataclass(frozen=True)
class Folders:
    """What a spec's `data` section says of folders."""

    root: Path
    layout: Layout
    real: Part
    validation: Part
    generated: Mapping[str, Part]


def found_folders(root: Path, asked: Asked) -> Folders:
    """The folders of a data set.

    Raises:
        SourceError: what is missing and cannot be guessed, all of it at once, and which folders hold images.
    """
    if not root.is_dir():
        raise SourceError(f"{root}: no such folder")
    layout = _layout_of(root)
    splits = _splits(root, layout) if layout else []
    real = asked.real or ("train" if "train" in splits else None)
    validation = asked.validation or next((name for name in _VALIDATION_SPLITS if name in splits), None)
    faults = [
        *([] if real else ["--real FOLDER: the real training images"]),
        *([] if validation else ["--validation FOLDER: the real images to validate on"]),
        *_label_faults(asked, splits, real, validation),
        *_folder_faults(root, asked, splits),
    ]
    if faults:
        raise SourceError("\n".join([f"{root}: cannot tell what is what. Give", *faults, *_known(root)]))
    assert real is not None
    assert validation is not None
    generated = dict(asked.generated) or _guessed_generated(root, layout, splits)
    layout = layout or "mmsegmentation"
    labels_of_real = LAYOUTS[layout].labels.format(split=real) if real in splits else asked.labels or ""
    return Folders(
        root=root,
        layout=layout,
        real=_part(root, layout, splits, real, asked.labels),
        validation=_part(
            root, layout, splits, validation, asked.validation_labels or _if_folder(asked, splits)
        ),
        generated={
            name: _generated_part(
                root, layout, splits, folder, asked.generated_labels.get(name), labels_of_real
            )
            for name, folder in sorted(generated.items())
        },
    )


def image_folders(root: Path) -> Iterator[tuple[str, int, str]]:
    """Folders below that hold images, relative to it: how many, and what they end in."""
    for folder in sorted({path.parent for path in root.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES}):
        counts = Counter(path.suffix for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        suffix, _ = counts.most_common(1)[0]
        yield str(folder.relative_to(root)), counts.total(), suffix


def _layout_of(root: Path) -> Layout | None:
    for layout, folders in LAYOUTS.items():
        if all(
            (root / folder.partition("{split}")[0]).is_dir() for folder in (folders.images, folders.labels)
        ):
            return layout
    return None


def _splits(root: Path, layout: Layout) -> list[str]:
    parent = root / LAYOUTS[layout].images.partition("{split}")[0]
    return sorted(path.name for path in parent.iterdir() if path.is_dir() and any(path.iterdir()))


def _guessed_generated(root: Path, layout: Layout | None, splits: list[str]) -> dict[str, str]:
    """Splits that are none of the usual ones; with BDD100K also folders beside `10k`."""
    found = {name: name for name in splits if name not in _NOT_GENERATED}
    if layout == "bdd100k":
        beside = (path for path in (root / "images").iterdir() if path.is_dir() and path.name != "10k")
        found |= {path.name: f"images/{path.name}" for path in beside}
    return found


def _label_faults(asked: Asked, splits: list[str], real: str | None, validation: str | None) -> Iterator[str]:
    if real and real not in splits and not asked.labels:
        yield "--labels FOLDER: the labels of the real training images"
    if validation and validation not in splits and not asked.validation_labels and not asked.labels:
        yield "--validation-labels FOLDER: the labels of the images to validate on"


def _folder_faults(root: Path, asked: Asked, splits: list[str]) -> Iterator[str]:
    named = {
        "--real": asked.real,
        "--labels": asked.labels,
        "--validation": asked.validation,
        "--validation-labels": asked.validation_labels,
        **{f"--generated {name}=": folder for name, folder in asked.generated.items()},
        **{f"--generated-labels {name}=": folder for name, folder in asked.generated_labels.items()},
    }
    for option, folder in named.items():
        if folder is not None and folder not in splits and not (root / folder).is_dir():
            yield f"another {option}: there is no folder {root / folder}"
    for name in asked.generated_labels.keys() - asked.generated.keys():
        yield f"--generated {name}=FOLDER beside --generated-labels {name}=..."


def _known(root: Path) -> list[str]:
    folders = list(image_folders(root))[:30]
    found = [f"  {folder or '.'}: {count} files that end in {suffix}" for folder, count, suffix in folders]
    return ["Folders with images:", *found] if found else ["There is no folder with images."]


def _if_folder(asked: Asked, splits: list[str]) -> str | None:
    """Labels of the real images serve for validation, too, where both are told apart by their names alone."""
    return asked.labels if asked.validation is not None and asked.validation not in splits else None


def _part(root: Path, layout: Layout, splits: list[str], images: str, labels: str | None) -> Part:
    if images in splits:
        usual = LAYOUTS[layout]
        pair = usual.images.format(split=images), labels or usual.labels.format(split=images)
        own_labels = {"labels": labels} if labels else {}
        return Part({"split": images, **own_labels, **_unusual(root, layout, *pair)})
    assert labels is not None, "its absence is a fault"
    return Part({"images": images, "labels": labels, **suffixes(root / images, root / labels)})


def _generated_part(
    root: Path, layout: Layout, splits: list[str], folder: str, labels: str | None, labels_of_real: str
) -> Part:
    """Without labels of its own it has those of the real images, by the same stems."""
    usual = LAYOUTS[layout]
    if folder in splits:
        if labels is None and (root / usual.labels.format(split=folder)).is_dir():
            return _part(root, layout, splits, folder, None)
        folder = usual.images.format(split=folder)
    unusual = _unusual(root, layout, folder, labels or labels_of_real)
    return Part({"images": folder, **({"labels": labels} if labels else {}), **unusual})


def _unusual(root: Path, layout: Layout, images: str, labels: str) -> dict[str, str]:
    """Suffixes that the layout does not have; none where any image finds its label by the layout's own: there
    may be other files beside it, such as the colour pictures of Cityscapes."""
    usual = LAYOUTS[layout]
    pair = PairedFolders(root / images, root / labels, usual.image_suffix, usual.label_suffix)
    if any(pair.label_path(image).is_file() for image in pair.image_paths()):
        return {}
    as_usual = {"image_suffix": usual.image_suffix, "label_suffix": usual.label_suffix}
    ends = suffixes(root / images, root / labels)
    return {key: end for key, end in ends.items() if end != as_usual[key]}


def suffixes(images: Path, labels: Path) -> dict[str, str]:
    """What images and labels end in, so that their stems agree: `image_suffix`, `label_suffix`.

    Tried: the image's name without its ending, then without what stands behind its last `_`. Empty if no
    image finds a label so.
    """
    names = sorted(path.name for path in images.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    label_names = sorted(path.name for path in labels.rglob("*.png"))
    for is_shortened in (False, True):
        found: Counter[tuple[str, str]] = Counter()
        for name in names[:_LOOKED_AT]:
            stem = Path(name).stem
            stem = stem.rpartition("_")[0] if is_shortened else stem
            label = next((one for one in label_names if stem and one.startswith(stem)), None)
            if label is not None:
                found[name[len(stem) :], label[len(stem) :]] += 1
        if found:
            (image_suffix, label_suffix), _ = found.most_common(1)[0]
            return {"image_suffix": image_suffix, "label_suffix": label_suffix}
    return {}
