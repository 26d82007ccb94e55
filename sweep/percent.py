"""Chances, as reasons and tables write them."""

from __future__ import annotations


def in_percent(chance: float) -> str:
    """`3.1 %`; tiny ones as `< 0.1 %`."""
    return f"{100 * chance:.1f} %" if chance >= 0.001 or chance == 0 else "< 0.1 %"
