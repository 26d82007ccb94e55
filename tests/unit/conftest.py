"""For tests that need the command line or an MLflow store."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweep.tracking import TrackingTarget
from tests.terminal import Terminal


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """MLflow takes seconds to make its tables; do it once."""
    from mlflow import MlflowClient  # takes seconds to import, and few tests need it

    file = tmp_path_factory.mktemp("database") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file.read_bytes()


@pytest.fixture
def target(tmp_path: Path, empty_database: bytes) -> TrackingTarget:
    """An empty store in `tmp_path`."""
    (tmp_path / "mlflow.db").write_bytes(empty_database)
    artifacts = (tmp_path / "artifacts").as_uri()
    return TrackingTarget(f"sqlite:///{tmp_path}/mlflow.db", "segsweep", artifacts)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for variable in ("SEGSWEEP_STORAGE", "RAY_ADDRESS", "MLFLOW_TRACKING_URI", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    return Terminal(monkeypatch, capsys)
