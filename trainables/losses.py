"""Mean losses that do not hold up a GPU: they are added up where they are, and looked at now and then."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class MeanLoss:
    """Mean of what was added since the last `take`, in double precision."""

    def __init__(self, device: torch.device) -> None:
        self._total = torch.zeros((), dtype=torch.float64, device=device)
        self._count = 0

    def add(self, loss: Tensor) -> None:
        """One more loss, a single number on the device."""
        self._total += loss
        self._count += 1

    @property
    def total(self) -> float:
        """Of what was added; waits for the device. Not finite if any of it was not."""
        return float(self._total)

    def take(self) -> float:
        """The mean, and begins anew. NaN of nothing."""
        mean = self.total / self._count if self._count else float("nan")
        self._total.zero_()
        self._count = 0
        return mean

    def state_dict(self) -> dict[str, Any]:
        """As plain numbers."""
        return {"total": self.total, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self._total.fill_(state["total"])
        self._count = state["count"]
