"""The lines of the ledger that runs carry as tags, so that the store alone can tell all about its sweep.

The sweep's run carries what happened to the sweep, the whole plan, and what happened to trials that never
began; the run of a trial what happened to it. The lines are cut into tags `segsweep.ledger.1`, `.2` and so
on; `segsweep.ledger` is their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from sweep.ledger.events import Event, RunTracked, TrialEvent, TrialPlanned, TrialProgressed
from sweep.ledger.lines import decode, encode

PARTS = "segsweep.ledger"
_LONGEST_TAG = 5000  # MLflow 3.17 takes 8000 and cuts what is longer; other servers take 5000


class CarriedLines:
    """Collects the events of a sweep, from the first on, by the run that carries them."""

    def __init__(self) -> None:
        self._lines: dict[str | None, dict[bytes, Event]] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Takes in events in the order of the ledger; one that is known already changes nothing."""
        for event in events:
            if not isinstance(event, RunTracked):
                self._lines.setdefault(_subject(event), {})[encode(event)] = event

    def of_trial(self, trial_id: str) -> dict[str, str]:
        """The tags of the run of a trial."""
        return _tags(self._text(trial_id))

    def of_sweep(self, without_run: Iterable[str]) -> dict[str, str]:
        """The tags of the sweep's run, which speaks for trials without a run, too."""
        return _tags("".join(self._text(subject) for subject in (None, *without_run)))

    def _text(self, subject: str | None) -> str:
        """The lines; of progress only the last before something else counts."""
        lines = [*self._lines.get(subject, {}).items(), (b"", None)]
        return "".join(
            line.decode("ascii")
            for (line, event), (_, following) in pairwise(lines)
            if not (isinstance(event, TrialProgressed) and isinstance(following, TrialProgressed))
        )


def carried_events(tags: Mapping[str, str]) -> list[Event] | None:
    """The events that a run carries, oldest first; None if it carries none, or not yet all of them.

    Raises DamagedLineError, NewerLineError.
    """
    if PARTS not in tags:
        return None
    parts = [tags.get(f"{PARTS}.{number + 1}") for number in range(int(tags[PARTS]))]
    text = "".join(part for part in parts if part is not None)
    if None in parts or not text:
        return None
    whole = text[: text.rfind("\n") + 1]  # the last line is torn while a longer text is being written
    return [decode(line.encode()) for line in whole.splitlines()]


def _subject(event: Event) -> str | None:
    """The trial whose run carries the event, None for the sweep."""
    if isinstance(event, TrialEvent) and not isinstance(event, TrialPlanned):
        return event.trial_id
    return None


def _tags(text: str) -> dict[str, str]:
    """The parts first: whoever finds the new number finds them, too."""
    parts = [text[start : start + _LONGEST_TAG] for start in range(0, len(text), _LONGEST_TAG)]
    return {f"{PARTS}.{i + 1}": part for i, part in enumerate(parts)} | {PARTS: str(len(parts))}
