"""Says that the head of the cluster is gone; a minute later Ray ends the process, and says not what to do."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sweep.engine.address import must_answer
from sweep.errors import ClusterError

_SECONDS_BETWEEN_LOOKS = 5.0
_LOOKS = 2
"""In a row without an answer before anything is said."""


@contextmanager
def watched_head(address: str, resume: str, seconds: float = _SECONDS_BETWEEN_LOOKS) -> Iterator[None]:
    """Looks whether the head takes connections, from a thread: the main one waits for it without an end.

    Args:
        address: host and port that the driver is connected to.
        resume: the command that goes on with the sweep.
        seconds: between two looks.
    """
    ended = threading.Event()
    arguments = (address, resume, seconds, ended)
    threading.Thread(target=_watch, args=arguments, name="head", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _watch(address: str, resume: str, seconds: float, ended: threading.Event) -> None:
    silent = 0
    while not ended.wait(seconds):
        silent = 0 if _answers(address) else silent + 1
        if silent == _LOOKS:
            text = (
                f"\nthe head of the cluster at {address} does not answer; if it stays away, Ray ends this "
                "process within a minute. Nothing is lost but iterations since the last checkpoints: with "
                f"the head back, or on another cluster that reaches the storage, `{resume}` goes on\n"
            )
            os.write(2, text.encode())  # no stream: the live view may hold it


def _answers(address: str) -> bool:
    try:
        must_answer(address, own_address=address.rpartition(":")[0])
    except ClusterError:
        return False
    return True
