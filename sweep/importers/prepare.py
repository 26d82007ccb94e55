"""What is done to found runs before they join a sweep: real_ratio as trained, rungs as meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sweep.importers.aliases import aliased
from sweep.importers.found import Found, FoundRun
from sweep.importers.rounding import Rule, as_trained
from sweep.ledger.state import SweepState


@dataclass(frozen=True)
class Preparation:
    """How the trainings went, where the files do not say it."""

    batch_size: int | None
    """Images per batch; goes with `rounding`."""
    rounding: Rule | None
    """How real_ratio was made a number of images; None: exactly, or nobody knows."""
    log_interval: int
    """Iterations between two lines of training loss."""

    def of(self, found: Found, state: SweepState | None) -> Found:
        """The runs with the real_ratio that they were trained at, and values at the rungs of the sweep.

        `state`: of the sweep they are for; None for a new one.
        """
        runs = found.runs
        notes: tuple[str, ...] = ()
        if self.batch_size is not None and self.rounding is not None:
            runs, notes = as_trained(runs, self.batch_size, self.rounding)
        rungs = _rungs(runs, state)
        runs = tuple(aliased(run, rungs, run.log_interval or self.log_interval) for run in runs)
        return replace(found, runs=runs, notes=(*found.notes, *notes))


def _rungs(runs: Iterable[FoundRun], state: SweepState | None) -> set[int]:
    """Iterations that are known to be those of a validation: out of logs, or because the sweep has them."""
    known = set() if state is None else set(state.rungs)
    exact = (one.iteration for run in runs if run.log_interval is not None for one in run.validations)
    return known | set(exact)
