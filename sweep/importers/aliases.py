"""Iterations written down by hand: the training line after a validation, taken for the validation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sweep.importers.found import FoundRun, Validation


def aliased(run: FoundRun, rungs: Collection[int], log_interval: int) -> FoundRun:
    """The run with every value moved to the rung that it was measured at.

    mmsegmentation validates at 2000 and then goes on to log "2050": whoever copies the number beside the
    score copies that one. So a value at an iteration that is no rung is moved to the rung that lies less than
    a log interval before it, or exactly one, if the run has no value there. Each move is noted. A run whose
    iterations come out of a log is left as it is.

    Args:
        run: as it was found.
        rungs: iterations at which trainings are known to have been validated.
        log_interval: iterations between two lines of training loss.
    """
    if run.log_interval is not None:
        return run
    own = {one.iteration for one in run.validations}
    moves = {at: rung for at in own if (rung := _rung_before(at, rungs, log_interval)) and rung not in own}
    if len(set(moves.values())) < len(moves) or not moves:
        return run  # two values for one rung: nobody knows which of them was measured there
    notes = tuple(
        f"{at} is taken for the validation at {rung}: the training line after it, with a log interval of "
        f"{log_interval}"
        for at, rung in sorted(moves.items())
    )
    validations = tuple(_moved(one, moves) for one in run.validations)
    return replace(run, validations=validations, notes=(*run.notes, *notes))


def _rung_before(iteration: int, rungs: Collection[int], log_interval: int) -> int | None:
    if iteration in rungs:
        return None
    return max((rung for rung in rungs if rung < iteration <= rung + log_interval), default=None)


def _moved(validation: Validation, moves: dict[int, int]) -> Validation:
    return replace(validation, iteration=moves.get(validation.iteration, validation.iteration))
