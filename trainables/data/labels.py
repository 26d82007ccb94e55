"""From the ids in a label file to class ids: `reduce_zero_label`, then `label_map`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.contract import DataConfig, DataError

Uint8Array = NDArray[np.uint8]


class ClassIds:
    """Maps the ids of label files to class ids, all 256 of them by one table.

    mmsegmentation's rules: with `reduce_zero_label` ids 0 and 255 become `ignore_index` and all others go
    down by one; then `label_map` replaces the ids it names, all at once. What is left must be a class or
    `ignore_index`.
    """

    def __init__(self, data: DataConfig) -> None:
        self._table = _class_id_by_file_id(data)
        self._allowed = np.isin(self._table, [*range(len(data.classes)), data.ignore_index])
        self._rule = f"0 to {len(data.classes) - 1} (data.classes) or {data.ignore_index} (data.ignore_index)"

    def of(self, file_ids_HW: Uint8Array, name: str) -> Uint8Array:
        """Class ids of a label as it was read, same shape.

        Raises:
            DataError: an id is neither a class nor `ignore_index`; the message names `name`, ids and pixels.
        """
        if not self._allowed[file_ids_HW].all():
            raise DataError(f"{name}: {self._faults(file_ids_HW)}")
        return self._table[file_ids_HW]

    def _faults(self, file_ids_HW: Uint8Array) -> str:
        pixels = np.bincount(file_ids_HW.ravel(), minlength=256)
        wrong = [int(i) for i in np.flatnonzero((pixels > 0) & ~self._allowed)]
        listed = ", ".join(f"{self._in_words(file_id)} ({pixels[file_id]} pixels)" for file_id in wrong[:8])
        more = f" and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        return (
            f"label ids outside the classes: {listed}{more}; allowed: {self._rule}. "
            "Mend the label, data.label_map or data.reduce_zero_label"
        )

    def _in_words(self, file_id: int) -> str:
        class_id = int(self._table[file_id])
        return str(file_id) if class_id == file_id else f"{file_id} mapped to {class_id}"


def _class_id_by_file_id(data: DataConfig) -> Uint8Array:
    table = np.arange(256, dtype=np.uint8)
    if data.reduce_zero_label:
        table[1:255] -= 1
        table[[0, 255]] = data.ignore_index
    renamed = table.copy()
    for old, new in data.label_map.items():
        renamed[table == old] = new
    return renamed
