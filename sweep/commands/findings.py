"""How what was looked at is shown."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from sweep.finding import Finding, Verdict

_MARKS: dict[Verdict, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "fault": ("FAULT", "red"),
}


def print_findings(findings: Iterable[Finding]) -> int:
    """A line each, as they come, and one that counts them; the number of faults."""
    from rich.console import Console
    from rich.markup import escape

    console, counts = Console(), dict.fromkeys(_MARKS, 0)
    for finding in findings:
        counts[finding.verdict] += 1
        word, colour = _MARKS[finding.verdict]
        line = f"[{colour}]{word:9}[/]{escape(f'{finding.what}: {finding.said}')}"
        console.print(line, soft_wrap=True, highlight=False)
        if finding.mend:
            console.print(f"{'':9}{escape(finding.mend)}", soft_wrap=True, highlight=False)
    typer.echo(f"{sum(counts.values())} looked at: {counts['fault']} faults, {counts['warning']} warnings")
    return counts["fault"]
