"""Whether a tracking store answers."""

from __future__ import annotations

from sweep.tracking.client import reading_client
from sweep.tracking.target import TrackingTarget


def store_fault(target: TrackingTarget) -> str | None:
    """Why the store cannot be read, without secrets; None if it can."""
    try:
        reading_client(target).search_experiments(max_results=1)
    except Exception as error:  # MLflow, requests and SQLAlchemy each have their own
        return target.reason_of(error)
    return None
