"""Several names in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def enumerated(names: Sequence[str]) -> str:
    """`sky, tree and car`; a single name alone."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
