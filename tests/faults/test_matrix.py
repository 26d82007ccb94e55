"""Every case of the matrix, with what is expected of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.case import Case, complaints
from tests.faults.cases import CASES
from tests.faults.matrix import Matrix
from tests.faults.stage import SkippedError


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with Matrix(tmp_path_factory.mktemp("faults")) as matrix:
        yield matrix


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.slow else []) for case in CASES],
)
def test_comes_out_as_expected(matrix: Matrix, case: Case) -> None:
    try:
        result = matrix.result(case)
    except SkippedError as reason:
        pytest.skip(str(reason))
    assert complaints(case.expected, result) == [], result
