"""`python -m tests.faults [WORD ...]`: the table of all cases, or of those that have one of the words."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.faults.case import Case, Result, complaints
from tests.faults.cases import CASES
from tests.faults.matrix import Matrix
from tests.faults.stage import SkippedError
from tests.faults.table import table


def main(words: list[str]) -> int:
    """The number of cases that did not come out as expected."""
    chosen = [case for case in CASES if not words or any(word in case.name for word in words)]
    rows: list[tuple[Case, Result | str]] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, Matrix(Path(folder)) as matrix:
        for case in chosen:
            began = time.monotonic()
            rows.append((case, _result(matrix, case)))
            took = f"{case.name}: {time.monotonic() - began:.0f} s"
            print(f"{took}: {rows[-1][1]}", file=sys.stderr, flush=True)
    print(table(rows))
    results = [(case, result) for case, result in rows if isinstance(result, Result)]
    return sum(bool(complaints(case.expected, result)) for case, result in results)


def _result(matrix: Matrix, case: Case) -> Result | str:
    """What came of it, or why nothing did."""
    try:
        return matrix.result(case)
    except SkippedError as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
