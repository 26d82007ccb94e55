"""What `sweep import` would do, or did: what is new, what is not ranked, what was refused and why."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from sweep.importers import Joined, refusal_text
from sweep.ledger.state import SweepState
from sweep.report.fits_text import section_text
from sweep.report.imported import imported_section


def import_text(state: SweepState, joined: Joined, is_done: bool, width: int = 80) -> str:
    """Counts, the trials that are new or changed, refusals and notes.

    Args:
        state: of the sweep, the import included.
        joined: the import.
        is_done: it was written down; else it only would be.
        width: of a line, in characters.
    """
    section = imported_section(state, only={*joined.new, *joined.changed})
    parts = [_head(state, joined, is_done), section_text(section, width) if section else ""]
    for title, lines in (("Refused", map(refusal_text, joined.refusals)), ("Notes", joined.notes)):
        if words := "\n".join(_folded(lines, width)):
            parts.append(f"{title}:\n{words}")
    return "\n\n".join(part for part in parts if part)


def _head(state: SweepState, joined: Joined, is_done: bool) -> str:
    counts = {
        "new": len(joined.new),
        "with more than before": len(joined.changed),
        "known already": len(joined.known),
        "refused": len(joined.refusals),
    }
    told = ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "nothing found"
    apart = sum(
        state.why_apart(state.trials[trial_id]) is not None for trial_id in (*joined.new, *joined.changed)
    )
    ranked = f"; {apart} of them shown but not ranked" if apart else ""
    verb = "imported into" if is_done else "to be imported into" if joined.events else "nothing new for"
    return f"{verb} {state.created.name}: {told}{ranked}"


def _folded(lines: Iterator[str] | tuple[str, ...], width: int) -> Iterator[str]:
    for line, count in Counter(lines).items():
        times = f" ({count} times)" if count > 1 else ""
        yield textwrap.fill(f"- {line}{times}", width, subsequent_indent="  ", break_long_words=False)
