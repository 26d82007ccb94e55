"""Asks a running driver to stop, or ends a trial of a sweep that nobody runs."""

from __future__ import annotations

from sweep.errors import SweepError
from sweep.ledger import Ledger, SweepState
from sweep.ledger.events import STOPPED_BY_HAND, TrialEnded
from sweep.storage import SweepFolder


def request_stop(folder: SweepFolder, state: SweepState, trial_id: str | None) -> str:
    """What happens now, in words.

    Raises:
        SweepError: no such trial, it has ended, or with `trial_id` None the sweep is not running.
    """
    if trial_id is None:
        if not folder.is_running():
            raise SweepError(f"the sweep {folder.name!r} is not running")
        folder.request_stop(None)
        return f"asked {folder.name} to stop; `sweep resume {folder.argument}` goes on with it"
    if trial_id not in state.trials:
        raise SweepError(f"no trial {trial_id!r} in {folder.name}; there are {', '.join(state.trials)}")
    ended = state.trials[trial_id].ended
    if ended is not None:
        raise SweepError(f"{trial_id} has ended already: {ended.outcome}, {ended.reason}")
    if folder.is_running():
        folder.request_stop(trial_id)
        return f"asked {folder.name} to stop {trial_id}; no resume goes on with it"
    with folder.locked():
        iteration = state.trials[trial_id].iteration
        Ledger(folder.ledger).append(
            TrialEnded(trial_id=trial_id, outcome="stopped", reason=STOPPED_BY_HAND, iteration=iteration)
        )
    return f"{trial_id} is stopped; no resume goes on with it"
