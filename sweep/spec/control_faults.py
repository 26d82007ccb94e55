"""What is wrong with the controls."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.spec.search_faults import first_arms
from sweep.spec.section_faults import repeated
from sweep.spec.sections import Point, SearchConfig
from sweep.spec.space import REAL_RATIO, completed, contains, identity
from sweep.spec.wording import Found
from trainables.contract import Control


def control_faults(controls: tuple[Control, ...]) -> Iterator[Found]:
    """Controls given twice."""
    yield from repeated(("controls",), controls)


def control_reference_faults(
    controls: tuple[Control, ...], search: SearchConfig, baseline: Point
) -> Iterator[Found]:
    """Controls without the arm that they are judged by. Search and baseline must be sound."""
    if controls and not _has_all_real_arm(search, baseline):
        message = (
            f"are judged by the baseline's arm with {REAL_RATIO} 1.0, which is not searched; add 1.0 to its "
            "values, or to search.points_first"
        )
        yield Found(("controls",), message)


def _has_all_real_arm(search: SearchConfig, baseline: Point) -> bool:
    all_real = completed(search, {**baseline, REAL_RATIO: 1.0})
    if search.method == "grid":
        return contains(REAL_RATIO, search.parameters[REAL_RATIO], 1.0)
    return identity(all_real) in map(identity, first_arms(search, baseline))
