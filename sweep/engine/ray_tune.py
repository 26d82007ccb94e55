"""Two things that Ray Tune 2.60 does otherwise than a sweep needs, changed where it is imported."""

from __future__ import annotations

import time
from typing import Any

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError, WorkerCrashedError
from ray.tune.execution.tune_controller import TuneController

_SECONDS_BETWEEN_QUESTIONS = 0.2

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


def mend() -> None:
    """Once for the process; again changes nothing."""
    controller: Any = TuneController
    controller._update_trial_queue = _never_blocks
    manager: Any = RayActorManager
    manager._actor_task_failed = _ends_trial_alone
