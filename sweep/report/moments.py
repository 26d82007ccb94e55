"""Times and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime


def time_words(seconds: float) -> str:
    """`2026-11-23 06:59 UTC`, of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def duration_words(seconds: float) -> str:
    """`2 h 05 min`, or `3 min 20 s` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, part = divmod(minutes, 60)
    return f"{hours} h {part:02d} min" if hours else f"{minutes} min {rest:02d} s"
