"""MLflow and Ray."""

from __future__ import annotations

from sweep.engine.try_out import try_out
from sweep.errors import ClusterError
from sweep.finding import Finding
from sweep.spec import Spec
from sweep.tracking.probe import store_fault
from sweep.tracking.target import tracking_target


def mlflow(spec: Spec) -> Finding | None:
    """Whether its store answers."""
    if not spec.tracking.enabled:
        return None
    target = tracking_target(spec)
    file = target.sqlite_file
    if file is not None and not file.exists():
        return Finding("MLflow", "ok", f"{target.public_uri}, which will be made")
    if fault := store_fault(target):
        mend = (
            "start it, or name another with tracking.uri; a sweep runs without, and `sweep sync` catches up"
        )
        return Finding("MLflow", "warning", f"{target.public_uri}: {fault}", mend)
    return Finding("MLflow", "ok", f"{target.public_uri} answers")


def ray(spec: Spec) -> Finding:
    """Whether it starts, or answers, and runs a task."""
    try:
        return Finding("Ray", "ok", try_out(spec))
    except ClusterError as error:
        first, *more = str(error).splitlines()
        return Finding("Ray", "fault", first, " ".join(more) or "the message says what it misses")
