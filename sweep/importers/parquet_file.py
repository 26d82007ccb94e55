"""A Parquet file as rows of text, which are read as those of a CSV file are."""

from __future__ import annotations

import hashlib
import io
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sweep.errors import Fault, TableError
from sweep.importers.csv_file import Row, content_of
from sweep.importers.table import Table


def parquet_table(path: Path) -> Table:
    """The file; the line of a row is its number. Raises StorageError, and TableError if it is no Parquet."""
    content = content_of(path)
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TableError(str(path), [Fault("", f"is no Parquet file: {reason}")]) from None
    rows = [
        Row(number, {name: _text(value) for name, value in values.items()})
        for number, values in enumerate(table.to_pylist(), start=1)
    ]
    return Table(str(path), table.column_names, rows, hashlib.sha256(content).hexdigest())


def _text(value: Any) -> str:
    """As a CSV file has it: empty where there is nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
