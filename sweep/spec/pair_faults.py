"""What is wrong inside image and label files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sweep.spec.files import ImageFile, LabelFile, read_images, read_labels
from sweep.spec.keys import Loc
from sweep.spec.wording import Found
from trainables.contract import DataConfig
from trainables.contract.labels import allowed_class_ids, class_id_by_file_id

Pair = tuple[Path, Path]
"""An image and its label; both are there."""

_MOST_IDS = 8  # in a message


def pair_faults(data: DataConfig, sources: Sequence[tuple[Loc, Sequence[Pair]]]) -> Iterator[Found]:
    """Reads every label, and the header of every image, of the sources. A label's faults are told once."""
    labels = read_labels({label for _, pairs in sources for _, label in pairs})
    images = read_images({image for _, pairs in sources for image, _ in pairs})
    told: set[Path] = set()
    for loc, pairs in sources:
        own = {label: labels[label] for _, label in pairs if label not in told}
        told |= own.keys()
        yield from _label_faults(data, loc, list(own.values()))
        yield from _image_faults(loc, [(images[image], labels[label]) for image, label in pairs])


def _label_faults(data: DataConfig, loc: Loc, labels: list[LabelFile]) -> Iterator[Found]:
    if bad := [label for label in labels if label.fault]:
        yield Found(
            loc, f"has labels of no use ({len(bad)} of {len(labels)}); first: {bad[0].path} {bad[0].fault}"
        )
    meaning, allowed = class_id_by_file_id(data), allowed_class_ids(data)
    unknown = {file_id for file_id in range(256) if meaning[file_id] not in allowed}
    if outside := [label for label in labels if label.ids & unknown]:
        message = (
            f"has label ids outside the classes: {_listed(outside, unknown)} in {len(outside)} of "
            f"{len(labels)} labels; first: {outside[0].path}. Allowed are 0 to {len(data.classes) - 1} "
            f"(data.classes) and {data.ignore_index} (data.ignore_index); mend the labels, data.label_map or "
            "data.reduce_zero_label"
        )
        yield Found(loc, message)


def _listed(labels: list[LabelFile], unknown: set[int]) -> str:
    ids = sorted(unknown & {file_id for label in labels for file_id in label.ids})
    return ", ".join(map(str, ids[:_MOST_IDS])) + (", ..." if len(ids) > _MOST_IDS else "")


def _image_faults(loc: Loc, pairs: list[tuple[ImageFile, LabelFile]]) -> Iterator[Found]:
    if bad := [image for image, _ in pairs if image.fault]:
        yield Found(
            loc, f"has images of no use ({len(bad)} of {len(pairs)}); first: {bad[0].path} {bad[0].fault}"
        )
    sized = [(image, label) for image, label in pairs if image.size and label.size]
    if unequal := [(image, label) for image, label in sized if image.size != label.size]:
        image, label = unequal[0]
        message = (
            f"has labels of another size than their image ({len(unequal)}); first: {label.path} is "
            f"{_pixels(label.size)} pixels, {image.path} is {_pixels(image.size)}"
        )
        yield Found(loc, message)


def _pixels(size: tuple[int, int] | None) -> str:
    return f"{size[0]}x{size[1]}" if size else "unknown"
