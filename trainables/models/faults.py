"""Errors of this package."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def trial_error(message: str) -> Exception:
    """A TrialError. Imported here so that the networks themselves run without pydantic."""
    from trainables.contract import TrialError

    return TrialError(message)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known names that look like `name`, as a question to end a message with; empty if none does."""
    matches = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(matches)}?" if matches else ""
