"""Clients of MLflow: one that may make a new store, and one that only looks."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock

# Read by MLflow at every call. Its own default, 7 retries, takes four minutes to notice a dead server.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # in the midst of our own lines
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # two lines for every run that ends

from mlflow import MlflowClient

from sweep.tracking.target import TrackingTarget, sqlite_uri

logging.getLogger("mlflow").setLevel(logging.WARNING)


def writing_client(target: TrackingTarget) -> MlflowClient:
    """A client of a store whose tables exist.

    MLflow makes the tables of a new SQLite file in many steps. Two processes that do so at once, or one that
    is killed meanwhile, leave a file that is broken for good: so one makes it aside and puts it in place.
    """
    file = target.sqlite_file
    if file is not None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(file.name + ".lock"), timeout=120):
            if not file.exists():
                _make_database(file)
    return MlflowClient(target.uri)


def reading_client(target: TrackingTarget) -> MlflowClient:
    """A client of a store that is there. MLflow itself would make one that is not, and show it empty.

    Raises FileNotFoundError if the store is a file or folder that does not exist.
    """
    place = target.sqlite_file or _folder_of(target.uri)
    if place is not None and not place.exists():
        raise FileNotFoundError(f"there is no {place}")
    return MlflowClient(target.uri)


def _folder_of(uri: str) -> Path | None:
    """The folder of a store that is one; MLflow takes a plain path or `file:`."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def _make_database(file: Path) -> None:
    new = file.with_name(f"{file.name}.new{os.getpid()}")
    MlflowClient(sqlite_uri(new)).search_experiments(max_results=1)
    new.replace(file)
