"""No secret reaches a log or a message."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.engine import cluster
from sweep.engine.cluster import send_library_logs_to
from sweep.secrets import HIDDEN, secrets_of, without_secrets

TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI", "wJalrXUtnFEMI"),
        ("AWS_SESSION_TOKEN", "FwoGZXIvYXdz", "FwoGZXIvYXdz"),
        ("MLFLOW_TRACKING_PASSWORD", "correct horse", "correct horse"),
        ("MLFLOW_TRACKING_URI", "postgresql://me:pa%2Fss-word@db/mlflow", "pa%2Fss-word"),
        ("MLFLOW_TRACKING_URI", "postgresql://me:pa%2Fss-word@db/mlflow", "pa/ss-word"),
        ("WANDB_API_KEY", "abcdef123", "abcdef123"),
        ("HOME", "unchanged", TOKEN),
    ],
)
def test_secret_of_the_environment_is_hidden(
    name: str, value: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "HOME":
        monkeypatch.setenv(name, value)
    said = without_secrets(f"cannot reach it with {secret} at all")
    assert said == f"cannot reach it with {HIDDEN} at all"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"GITHUB_TOKEN": ""},
        {"A_PASSWORD": "abc"},
        {"URL": "http://host/path"},
        {"URL": "http://[::1:x@y/"},
    ],
)
def test_nothing_else_is_taken_for_one(environment: dict[str, str]) -> None:
    assert secrets_of(environment | {"RAY_AUTH_TOKEN_PATH": "/nowhere"}) == []


def test_longer_secret_that_holds_a_shorter_one_is_hidden_whole() -> None:
    found = secrets_of({"A_TOKEN": "abcdef", "B_TOKEN": "abcdefghi"})
    assert found == [TOKEN, "abcdefghi", "abcdef"]


def test_log_of_libraries_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "correct horse")
    monkeypatch.setenv("MLFLOW_CONFIGURE_LOGGING", "true")  # is set anew, and would stay
    log = tmp_path / "sweep.log"
    loggers = [logging.getLogger(name) for name in cluster._LIBRARIES]
    before = [(logger.handlers, logger.propagate) for logger in loggers]
    send_library_logs_to(log)
    try:
        logging.getLogger("mlflow").warning("%d", "no number")
        logging.getLogger("mlflow").warning("login with %s failed", "correct horse")
        try:
            raise ValueError(f"bad token {TOKEN}")
        except ValueError:
            logging.getLogger("ray").exception("it went wrong")
    finally:
        logging.captureWarnings(False)
        loggers[0].handlers[0].close()
        for logger, (handlers, propagate) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
    text = log.read_text()
    assert "%d ('no number',)" in text, "a library's own mistake is not the sweep's"
    assert f"login with {HIDDEN} failed" in text
    assert f"ValueError: bad token {HIDDEN}" in text
    assert "correct horse" not in text and TOKEN not in text


def test_mlflow_that_is_imported_later_says_nothing_on_the_terminal_either(tmp_path: Path) -> None:
    """Its import takes its loggers for itself. In a process of its own, since here it is imported."""
    late = f"""
import logging
from pathlib import Path
from sweep.engine.cluster import send_library_logs_to
send_library_logs_to(Path({str(tmp_path / "sweep.log")!r}))
import mlflow
for name in ("mlflow.segsweep", "mlflow.store.db.utils", "sqlalchemy.engine", "alembic.runtime", "huey"):
    logging.getLogger(name).error("trouble of %s with token=abcdef", name)
"""
    done = subprocess.run(
        [sys.executable, "-c", late], capture_output=True, text=True, timeout=120, check=True
    )
    log = (tmp_path / "sweep.log").read_text()
    assert (done.stdout, done.stderr) == ("", "")
    assert log.count("trouble of ") == 5
