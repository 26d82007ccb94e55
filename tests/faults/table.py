"""The matrix as Markdown, as docs/reliability.md has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.faults.case import Case, Result, complaints

_HEADINGS = (
    *("fault", "lost", "trained again", "twice"),
    *("numbers", "went on after", "exit", "the user was told"),
)


def table(rows: Iterable[tuple[Case, Result | str]]) -> str:
    """A table for every group of cases; text in place of a result says why a case was skipped."""
    groups: dict[str, list[str]] = {}
    for case, result in rows:
        groups.setdefault(case.group, []).append(_row(_cells(case, result)))
    rule = _row("---" for _ in _HEADINGS)
    return "\n\n".join(
        "\n".join([f"### {group}", "", _row(_HEADINGS), rule, *lines]) for group, lines in groups.items()
    )


def _cells(case: Case, result: Result | str) -> Iterator[str]:
    yield case.name + (f"; then {case.then}" if case.then else "")
    if isinstance(result, str):
        yield from ("-",) * 6
        yield f"skipped: {result}"
        return
    is_compared = case.expected.is_compared
    yield _lost(result) if is_compared else "nothing began"
    yield f"{result.again} iterations" if result.again else "-"
    yield ", ".join(result.twice) or "-"
    yield ("changed" if result.changed else "same") if is_compared else "-"
    yield "-" if result.seconds is None else f"{result.seconds:.0f} s"
    yield ", ".join(map(str, result.codes))
    wrong = complaints(case.expected, result)
    yield result.said.replace("|", "\\|") + (f" **Not as expected: {'; '.join(wrong)}**" if wrong else "")


def _lost(result: Result) -> str:
    trials, reports = len(result.lost_trials), result.lost_reports
    parts = [f"{trials} trial{'s' * (trials > 1)}"] * bool(trials) + [f"{reports} reports"] * bool(reports)
    return ", ".join(parts) or "nothing"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
