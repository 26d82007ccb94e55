"""What is wrong with the search: its method, and the points that it names."""

from __future__ import annotations

from collections.abc import Iterator

from sweep.spec.keys import Loc
from sweep.spec.section_faults import repeated
from sweep.spec.sections import ParameterConfig, Point, SearchConfig
from sweep.spec.space import (
    REAL_RATIO,
    canonical,
    combinations,
    completed,
    contains,
    distinct_arms,
    identity,
    missing_parameters,
    number_of_combinations,
)
from sweep.spec.wording import Found, given, unknown_key

MOST_ARMS = 10_000
"""More than that is a slip of the pen."""


def method_faults(search: SearchConfig) -> Iterator[Found]:
    """Keys that do not go with the method, seeds given twice."""
    yield from repeated(("search", "seeds"), search.seeds)
    if REAL_RATIO not in search.parameters:
        message = f"is missing; give its values, such as `{REAL_RATIO}: {{values: [0, 0.5, 1.0]}}`"
        yield Found(("search", "parameters", REAL_RATIO), message)
    yield from _grid_faults(search) if search.method == "grid" else _trials_faults(search)
    yield from _curve_faults(search) if search.method == "curve" else ()


def point_faults(search: SearchConfig, baseline: Point, protect: tuple[Point, ...]) -> Iterator[Found]:
    """Points that are not in the search space, that name no arm, or several. Parameters must be sound."""
    found = [*_baseline_faults(search, baseline), *_points_first_faults(search)]
    for number, point in enumerate(protect):
        found.extend(_protect_faults(search, ("early_stopping", "protect", number), point))
    yield from found
    if not found and REAL_RATIO in search.parameters:
        yield from _number_of_arms_faults(search, baseline)


def first_arms(search: SearchConfig, baseline: Point) -> list[Point]:
    """The arms of `points_first` and the baseline: those that every method begins with.

    `curve` begins with the ends of its range and two between them besides.
    """
    spread = _spread_points(search) if search.method == "curve" else ()
    return distinct_arms(completed(search, point) for point in (*search.points_first, baseline, *spread))


def _spread_points(search: SearchConfig) -> Iterator[Point]:
    """Both ends, the middle, and one where curves bend most, if they bend."""
    parameter = search.parameters[REAL_RATIO]
    assert parameter.min is not None and parameter.max is not None, "method_faults says so"
    for part in (0.0, 1.0, 0.5, 0.125):
        yield {REAL_RATIO: round(parameter.min + part * (parameter.max - parameter.min), 6)}


def _grid_faults(search: SearchConfig) -> Iterator[Found]:
    if search.trials is not None:
        message = f"is {search.trials}, but a grid has every combination; remove it, or change search.method"
        yield Found(("search", "trials"), message)
    for path, parameter in search.parameters.items():
        if parameter.choices is None:
            message = "has min and max, but a grid needs `values`; give them, or change search.method"
            yield Found(("search", "parameters", path), message)
    if number_of_combinations(search) > MOST_ARMS and all(p.choices for p in search.parameters.values()):
        message = f"have {number_of_combinations(search)} combinations; a grid may have {MOST_ARMS}"
        yield Found(("search", "parameters"), message)


def _curve_faults(search: SearchConfig) -> Iterator[Found]:
    for path, parameter in search.parameters.items():
        loc: Loc = ("search", "parameters", path)
        if path != REAL_RATIO and (parameter.choices is None or len(parameter.choices) > 1):
            message = (
                f"has several values, but curve searches {REAL_RATIO} alone; give one, or another method"
            )
            yield Found(loc, message)
        elif path == REAL_RATIO and parameter.choices is not None:
            message = "has values, but curve places them itself; give `min` and `max`, or another method"
            yield Found(loc, message)
        elif path == REAL_RATIO and parameter.is_log:
            yield Found((*loc, "distribution"), "has no meaning for curve, which draws nothing; remove it")


def _trials_faults(search: SearchConfig) -> Iterator[Found]:
    if search.trials is None:
        what = "trials" if search.method == "curve" else "arms to train"
        message = f"is missing; method {search.method} needs the number of {what}"
        yield Found(("search", "trials"), message)
    elif search.trials > MOST_ARMS:
        yield Found(("search", "trials"), f"is {search.trials}; it must be at most {MOST_ARMS}")


def _baseline_faults(search: SearchConfig, baseline: Point) -> Iterator[Found]:
    loc: Loc = ("baseline",)
    yield from _values_faults(search, loc, baseline)
    if missing := missing_parameters(search, baseline):
        yield Found(loc, f"names several arms; it must name one, so add a value of {' and '.join(missing)}")


def _points_first_faults(search: SearchConfig) -> Iterator[Found]:
    seen: dict[str, int] = {}
    for number, point in enumerate(search.points_first):
        loc: Loc = ("search", "points_first", number)
        yield from _values_faults(search, loc, point)
        if missing := missing_parameters(search, point):
            yield Found(loc, f"has no value of {' and '.join(missing)}; give one for every parameter")
        first = seen.setdefault(identity(completed(search, point)), number)
        if first < number:
            yield Found(loc, f"is the same arm as search.points_first[{first}]; remove one")


def _protect_faults(search: SearchConfig, loc: Loc, point: Point) -> Iterator[Found]:
    yield from _values_faults(search, loc, point)
    if not point:
        yield Found(
            loc, "is empty and would protect every arm; name an arm, or set early_stopping.name to none"
        )
    elif not canonical(point):
        yield Found(loc, "names no arm")


def _values_faults(search: SearchConfig, loc: Loc, point: Point) -> Iterator[Found]:
    for path, value in point.items():
        parameter = search.parameters.get(path)
        if parameter is None:
            yield unknown_key((*loc, path), search.parameters)
        elif not contains(path, parameter, value):
            yield Found(
                (*loc, path), f"is {given(value)}, which is not searched; it must be {_space(parameter)}"
            )


def _space(parameter: ParameterConfig) -> str:
    if parameter.choices is None:
        return f"between {parameter.min} and {parameter.max}"
    return f"one of: {', '.join(map(given, parameter.choices))}"


def _number_of_arms_faults(search: SearchConfig, baseline: Point) -> Iterator[Found]:
    if search.trials is None or search.method == "grid":
        return
    first = len(first_arms(search, baseline))
    if search.method == "curve":
        yield from _number_of_trials_faults(search, search.trials, first)
        return
    if search.trials < first:
        message = (
            f"is {search.trials}; it must be at least {first}, the arms of points_first and the baseline"
        )
        yield Found(("search", "trials"), message)
    if number_of_combinations(search) <= MOST_ARMS:
        arms = len(distinct_arms(combinations(search)))
        if search.trials > arms:
            message = f"is {search.trials}, but there are only {arms} different arms to search"
            yield Found(("search", "trials"), message)


def _number_of_trials_faults(search: SearchConfig, trials: int, first_arms: int) -> Iterator[Found]:
    seeds = max(1, len(search.seeds))
    if trials < first_arms * seeds:
        message = (
            f"is {trials}; curve begins with {first_arms} arms of {seeds} seeds (both ends, two between, the "
            f"baseline, points_first), so it must be at least {first_arms * seeds}"
        )
        yield Found(("search", "trials"), message)
