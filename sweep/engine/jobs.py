"""Commands of ours as Ray jobs, sent from anywhere that reaches the dashboard of a cluster."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_AUTH_MODE", "token")  # read by Ray when it is imported

import ray
from ray.job_submission import JobDetails, JobSubmissionClient

from sweep.engine.address import must_answer_http
from sweep.errors import ClusterError, ExitCode, NameInUseError, SweepNotFoundError
from sweep.job import environment_of

for _name in ("ray.dashboard.modules.dashboard_sdk", "ray._private.runtime_env.packaging"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they tell of every upload

_ENTRYPOINT = "python -m sweep"  # for a shell; what the user typed goes through the environment
_NAME, _OWNER = "segsweep.sweep", "segsweep.owner"
_NOTHING_RAN = (ExitCode.USAGE, None, 127)  # the spec was wrong, the job never began, there is no `python`
_SECONDS_TO_STOP = "60"  # Ray's own 3 are too few to end trials in good order
_SECONDS_BETWEEN_LOOKS = 0.2
_STARTED = f": {_ENTRYPOINT}\n"
"""How the line of a job's log ends after which the command itself speaks."""


class Jobs:
    """The jobs of one cluster."""

    def __init__(self, address: str, owner: str) -> None:
        """Raises ClusterError: nothing answers there, it is no Ray, or it does not know our token."""
        must_answer_http(address)
        self._owner = owner
        try:
            self._client = JobSubmissionClient(address)
        except ray.exceptions.AuthenticationError as error:
            raise ClusterError(_refused(address)) from error
        except Exception as error:  # whatever another server than Ray's dashboard answers
            raise ClusterError(f"no Ray dashboard answers at {address}: {_first_line(error)}") from error

    def run(self, arguments: Sequence[str]) -> tuple[str, int]:
        """What a short command prints on the cluster, and its exit code. Waits for it."""
        job = f"sweep-command-{uuid.uuid4().hex[:12]}"
        self._start(job, arguments, {}, None)
        try:
            while not (details := self._client.get_job_info(job)).status.is_terminal():
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            said = _said(self._client.get_job_logs(job))
        finally:
            if self._client.get_job_status(job).is_terminal():
                self._client.delete_job(job)
        if details.driver_exit_code is None:
            raise ClusterError(f"the command did not run on the cluster: {details.message}")
        return said, details.driver_exit_code

    def start(self, name: str, arguments: Sequence[str], folder: Path | None = None) -> str:
        """Starts a command that runs a sweep, with the files of a folder beside it; the id of its job.

        Raises:
            NameInUseError: a job that runs this sweep has not ended.
        """
        before = self._of(name)
        running = next((one for one in before if not one.status.is_terminal()), None)
        if running is not None:
            raise NameInUseError(_running(name, running))
        numbers = [int(_id(one).rpartition("-")[2]) for one in before]
        job = f"sweep-{name}-{max(numbers, default=0) + 1}"
        try:
            self._start(job, arguments, {_NAME: name, _OWNER: self._owner}, folder)
        except RuntimeError as error:
            if "already exists" not in str(error):
                raise
            raise NameInUseError(f"somebody else is just starting {name!r}") from error
        return job

    def has_run(self, name: str) -> bool:
        """Whether a job of this sweep has ended, and more came of it than faults of its spec."""
        ended = [job for job in self._of(name) if job.status.is_terminal()]
        return any(job.driver_exit_code not in _NOTHING_RAN for job in ended)

    def log(self, name: str) -> str:
        """What the last job of a sweep has printed. Raises SweepNotFoundError: there is none."""
        return _said(self._client.get_job_logs(_id(self._last(name))))

    def follow(self, name: str) -> Iterator[str]:
        """The same piece by piece, until the job ends."""
        pieces = self._client.tail_job_logs(_id(self._last(name)))
        with asyncio.Runner() as runner:
            while True:
                try:
                    yield runner.run(_next(pieces))
                except StopAsyncIteration:
                    return

    def _last(self, name: str) -> JobDetails:
        found = self._of(name)
        if not found:
            known = ", ".join(sorted({job.metadata[_NAME] for job in self._ours()})) or "none"
            raise SweepNotFoundError(
                f"no job of a sweep {name!r} on this cluster; it knows jobs of: {known}. "
                "What was before its last start is forgotten; `sweep status` may still know the sweep"
            )
        return found[-1]

    def _of(self, name: str) -> list[JobDetails]:
        """The jobs that ran or run a sweep, the newest last."""
        found = [job for job in self._ours() if job.metadata[_NAME] == name]
        return sorted(found, key=lambda job: job.start_time or 0)

    def _ours(self) -> list[Any]:
        return [job for job in self._client.list_jobs() if _NAME in (job.metadata or {})]

    def _start(self, job: str, arguments: Sequence[str], marks: dict[str, str], folder: Path | None) -> None:
        environment = environment_of(arguments, self._owner) | {
            "RAY_JOB_STOP_WAIT_TIME_S": _SECONDS_TO_STOP,
            "COLUMNS": os.environ.get("COLUMNS", "120"),
            "PYTHONUNBUFFERED": "1",
        }
        runtime: dict[str, Any] = {"env_vars": environment}
        if folder is not None:
            runtime["working_dir"] = str(folder)
        self._client.submit_job(
            entrypoint=_ENTRYPOINT, submission_id=job, runtime_env=runtime, metadata=marks
        )


async def _next(pieces: Any) -> str:
    return str(await anext(pieces))


def _id(job: JobDetails) -> str:
    return str(job.submission_id)


def _said(log: str) -> str:
    """The log without what Ray writes before the command itself speaks."""
    _, started, said = log.partition(_STARTED)
    return said if started else log


def _running(name: str, job: JobDetails) -> str:
    owner = (job.metadata or {}).get(_OWNER) or "somebody"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime((job.start_time or 0) / 1000))
    return (
        f"the sweep {name!r} is running on this cluster already, started by {owner} at {began}; "
        f"`sweep status {name}` and `sweep logs {name}` with this --address show it"
    )


def _refused(address: str) -> str:
    return (
        f"Ray at {address} asks for a token, and ours is missing or another one. Copy the cluster's to "
        "~/.ray/auth_token, mode 0600, or set RAY_AUTH_TOKEN_PATH to a file that holds it (docs/cluster.md)"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
