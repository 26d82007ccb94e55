"""Where a sweep's runs are written to."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from sweep.ledger.events import SweepCreated
from sweep.spec import Spec, TrackingConfig
from sweep.storage import Storage, StoreURI

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class TrackingTarget:
    """A tracking store and an experiment in it."""

    uri: str
    experiment: str
    artifacts: str | None
    """Where artifacts of a new experiment go; None leaves it to the server."""

    @property
    def public_uri(self) -> str:
        """`uri` without user and password: the only form that is shown or recorded."""
        parts = urlsplit(self.uri)
        if "@" not in parts.netloc:
            return self.uri
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def without_secrets(self, text: str) -> str:
        """The text, the address in it only in its public form."""
        return text.replace(self.uri, self.public_uri)

    def reason_of(self, error: Exception) -> str:
        """What an error of the store says, without secrets and without what libraries append to it."""
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "Connection refused" in first_line:  # behind half a page of what tried to connect
            return f"nothing answers at {self.public_uri}"
        return self.without_secrets(first_line)

    @property
    def sqlite_file(self) -> Path | None:
        """The database, if the store is an SQLite file."""
        if not self.uri.startswith(_SQLITE):
            return None
        return Path(unquote(self.uri.removeprefix(_SQLITE).partition("?")[0]))

    def ui_command(self, mlflow: str = "mlflow") -> str:
        """What opens the MLflow UI on this store."""
        if self.uri.startswith(("http://", "https://")):
            return f"open {self.public_uri}"
        return f"{mlflow} ui --backend-store-uri {shlex.quote(self.public_uri)}"


def sqlite_uri(file: Path) -> str:
    """The address of an SQLite file; SQLAlchemy takes `%20` for a blank there, and `?` for the path's end."""
    return _SQLITE + str(file).replace("%", "%25").replace("?", "%3F")


def tracking_target(spec: Spec) -> TrackingTarget:
    """Where a sweep of this spec is written to."""
    return target_beside(spec.storage.path, spec.tracking)


def target_of(created: SweepCreated, storage: Storage) -> TrackingTarget:
    """Where a sweep that was begun is written to; `storage` is where it lies now."""
    return target_beside(storage, TrackingConfig.model_validate(created.spec["tracking"]))


def target_beside(storage: Storage, tracking: TrackingConfig) -> TrackingTarget:
    """The store that the section names, else MLFLOW_TRACKING_URI, else an SQLite file in the storage; beside
    the working copies where that is an object store."""
    if isinstance(storage, StoreURI):
        storage = storage.working_copy
    own = sqlite_uri(storage / "mlflow.db")
    uri = tracking.uri or os.environ.get("MLFLOW_TRACKING_URI") or own
    return TrackingTarget(
        uri=uri,
        experiment=tracking.experiment,
        artifacts=(storage / "mlartifacts").as_uri() if uri.startswith("sqlite:") else None,
    )
