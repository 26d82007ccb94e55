"""Four things that Ray Tune 2.60 does otherwise than a sweep needs, changed where it is imported."""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakKeyDictionary

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError, WorkerCrashedError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial

from sweep.engine.messages import Broken, decode

_SECONDS_BETWEEN_QUESTIONS = 0.2

_MOST_SECONDS_ON_ITS_WAY = 5.0

_on_their_way: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
"""When a trial was first not given another process, by its own."""

_cache = TuneController._maybe_cache_trial_actor
_reuse = TuneController._maybe_reuse_cached_actor
_ask_once = TuneController._update_trial_queue
_task_failed = RayActorManager._actor_task_failed


def _never_blocks(self: TuneController, blocking: bool = False, timeout: int = 600) -> bool:
    """Where nothing runs, Ray asks for a trial for ten minutes and does nothing else: the GPU of the last
    trial stays reserved, and a sweep that this one waits for cannot have it."""
    found: bool = _ask_once(self)
    if blocking and not found:
        time.sleep(_SECONDS_BETWEEN_QUESTIONS)
    return found


def _ends_trial_alone(self: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
    """Ray Tune dies of an error that it does not know, the sweep with it. That Ray ended a worker, as memory
    ran out, is one. Such errors, too, only end a trial's process."""
    if isinstance(exception, OutOfMemoryError | NodeDiedError | WorkerCrashedError):
        exception = RayActorError(error_msg=str(exception))
    _task_failed(self, tracked_actor_task, exception)


def _lets_processes_start(self: TuneController, trial: Any) -> bool:
    """Ray gives a trial the process of one that has ended, though its own is on its way: that one is thrown
    away, and the next one started for the next trial. With short trials nothing but starting goes on.

    Not for long: where no core is free, its own process waits for the very one that has ended.
    """
    actor = self._trial_to_actor.get(trial)
    is_last = self._search_alg.is_finished()
    if actor is not None and not is_last and _seconds_on_its_way(actor) < _MOST_SECONDS_ON_ITS_WAY:
        return False
    reused: bool = _reuse(self, trial)
    return reused


def _seconds_on_its_way(actor: Any) -> float:
    """Since this was first asked of a process."""
    return time.monotonic() - _on_their_way.setdefault(actor, time.monotonic())


def _keeps_whole_processes(self: TuneController, trial: Trial) -> bool:
    """What a trial that broke off has left behind in its process nobody knows: no other runs there."""
    if isinstance(decode(trial.last_result or {}), Broken):
        return False
    kept: bool = _cache(self, trial)
    return kept


def mend() -> None:
    """Once for the process; again changes nothing."""
    controller: Any = TuneController
    controller._update_trial_queue = _never_blocks
    controller._maybe_reuse_cached_actor = _lets_processes_start
    controller._maybe_cache_trial_actor = _keeps_whole_processes
    manager: Any = RayActorManager
    manager._actor_task_failed = _ends_trial_alone
