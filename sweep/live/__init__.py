"""A sweep on a terminal while it runs: a line an arm, the curve so far, what it costs, how long it takes."""

from sweep.live.view import LiveView

__all__ = ["LiveView"]
