"""What a driver says that is worth no line of the ledger: no decision rests on it."""

from __future__ import annotations

from dataclasses import dataclass

from sweep.ledger.events import Event


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Told to the listeners, never appended to a ledger."""

    text: str
    """For the user; one paragraph."""
