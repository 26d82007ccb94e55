"""What the ids in a label file mean: `reduce_zero_label`, then `label_map`."""

from __future__ import annotations

from trainables.contract.data import DataConfig


def class_id_by_file_id(data: DataConfig) -> tuple[int, ...]:
    """The class id, or `ignore_index`, of each of the 256 ids that a label file can hold.

    mmsegmentation's rules: with `reduce_zero_label` ids 0 and 255 become `ignore_index` and all others go
    down by one; then `label_map` replaces the ids it names, all at once.
    """
    return tuple(data.label_map.get(reduced, reduced) for reduced in _reduced(data))


def allowed_class_ids(data: DataConfig) -> frozenset[int]:
    """The ids that a label may have in the end: those of the classes, and `ignore_index`."""
    return frozenset((*range(len(data.classes)), data.ignore_index))


def _reduced(data: DataConfig) -> list[int]:
    if not data.reduce_zero_label:
        return list(range(256))
    return [data.ignore_index, *range(254), data.ignore_index]
