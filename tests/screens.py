"""What the live view shows on a terminal of some size."""

from __future__ import annotations

import io

from rich.console import Console

from sweep.ledger import SweepState
from sweep.live import LiveView
from sweep.spec import Spec


def drawn(state: SweepState, width: int = 80, height: int = 40) -> str:
    """Without colours; blanks at the ends of lines are left out."""
    view = LiveView(Spec.model_validate(state.created.spec))
    console = Console(file=io.StringIO(), force_terminal=True, record=True, width=width)
    console.print(view(state, width, height))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())
