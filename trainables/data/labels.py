"""From the ids in a label file to class ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.contract import DataConfig, DataError
from trainables.contract.labels import allowed_class_ids, class_id_by_file_id

Uint8Array = NDArray[np.uint8]


class ClassIds:
    """Maps the ids of a whole label to class ids by one table, and refuses ids that are no class.

    What ids mean is said in `trainables.contract.labels`.
    """

    def __init__(self, data: DataConfig) -> None:
        self._class_ids = class_id_by_file_id(data)
        allowed = allowed_class_ids(data)
        self._allowed = np.array([class_id in allowed for class_id in self._class_ids])
        self._table = np.where(self._allowed, self._class_ids, data.ignore_index).astype(np.uint8)
        self.identity = self._table.tobytes().hex() + self._allowed.tobytes().hex()
        """Equal for tables that do the same."""
        self._rule = f"0 to {len(data.classes) - 1} (data.classes) or {data.ignore_index} (data.ignore_index)"

    def of(self, file_ids: Uint8Array, name: str) -> Uint8Array:
        """Class ids or the ignore index, in the shape of the ids as they were read.

        Raises:
            DataError: an id is neither a class nor `ignore_index`; the message names `name`, ids and pixels.
        """
        if not self._allowed[file_ids].all():
            raise DataError(f"{name}: {self._fault(file_ids)}")
        return self._table[file_ids]

    def _fault(self, file_ids: Uint8Array) -> str:
        pixels = np.bincount(file_ids.ravel(), minlength=256)
        wrong = np.flatnonzero((pixels > 0) & ~self._allowed)
        listed = ", ".join(f"{self._in_words(int(i))} ({pixels[i]} pixels)" for i in wrong[:8])
        more = f" and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        return (
            f"holds label ids outside the classes: {listed}{more}; allowed is {self._rule}. "
            "Mend the label, data.label_map or data.reduce_zero_label"
        )

    def _in_words(self, file_id: int) -> str:
        class_id = self._class_ids[file_id]
        return str(file_id) if class_id == file_id else f"{file_id} mapped to {class_id}"
