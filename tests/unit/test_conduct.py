"""A sweep from its first line on the terminal to its last, with neither Ray nor MLflow."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweep.engine import conduct as module
from sweep.engine.conduct import conduct
from sweep.engine.driver import Driver
from sweep.engine.messages import Broken, Started
from sweep.errors import ExitCode, StorageError, SweepError
from sweep.ledger.events import DriverEnded, DriverStarted
from tests.unit.test_driver import make_driver, report

Work = Callable[[Driver], None]


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the tracker was told to do; it says that it missed a part."""
    calls: list[str] = []

    class Tracker:
        def __init__(self, *_: object) -> None:
            pass

        def start(self) -> None:
            calls.append("start")

        def finish(self) -> str:
            calls.append("finish")
            return "the store is locked"

    monkeypatch.setattr(module, "BackgroundTracker", Tracker)
    return calls


def conducted(driver: Driver, work: Work, monkeypatch: pytest.MonkeyPatch) -> tuple[ExitCode, str]:
    """Exit code and output of a sweep in which `work` is done."""

    def run_sweep(*_: object, **__: object) -> Driver:
        driver.record(DriverStarted(pid=1, host="h"))
        work(driver)
        return driver

    monkeypatch.setattr(module, "run_sweep", run_sweep)
    monkeypatch.setattr(module, "send_library_logs_to", lambda _: None)
    console = Console(file=io.StringIO(), record=True, width=200)
    code = conduct(driver.folder, driver.spec, driver.ledger, console)
    return code, console.export_text()


def all_finish(driver: Driver) -> None:
    for trial_id in driver.state.trials:
        driver.handle(trial_id, Started("host", 7))
        driver.handle(trial_id, report(12, 40.0))
    driver.record(DriverEnded(outcome="completed", reason="every trial has ended"))


def one_fails(driver: Driver) -> None:
    first, *_ = driver.state.trials
    driver.handle(first, Started("host", 7))
    driver.handle(first, Broken("a.png cannot be read", permanent=True))
    all_finish(driver)


def is_interrupted(driver: Driver) -> None:
    driver.interrupted = "interrupted by Ctrl-C"
    driver.record(DriverEnded(outcome="interrupted", reason=driver.interrupted))


def breaks(driver: Driver) -> None:
    driver.record(DriverEnded(outcome="failed", reason="the driver broke off"))
    raise SweepError("nothing works")


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        (all_finish, ExitCode.OK, "tiny at iteration 12"),
        (one_fails, ExitCode.TRIALS_FAILED, "tiny at iteration 12"),
        (is_interrupted, ExitCode.INTERRUPTED, " resume tiny --storage "),
    ],
)
def test_ends_with_what_came_out_and_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracked: list[str], work: Work, code: int, said: str
) -> None:
    driver = make_driver(tmp_path)
    ended, out = conducted(driver, work, monkeypatch)
    assert ended == code
    assert said in out
    assert f" explain tiny --storage {tmp_path} TRIAL\n" in out
    assert f"(the store is locked); `sweep sync tiny --storage {tmp_path}` writes it" in out.replace(
        module.program("sweep"), "sweep"
    )
    assert (driver.folder.report / "report.md").is_file()
    assert tracked == ["start", "finish"]


def test_mlflow_is_told_even_of_a_sweep_that_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracked: list[str]
) -> None:
    with pytest.raises(SweepError, match="nothing works"):
        conducted(make_driver(tmp_path), breaks, monkeypatch)
    assert tracked == ["start", "finish"]


def test_nothing_is_tracked_where_tracking_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracked: list[str]
) -> None:
    tracking: dict[str, Any] = {"enabled": False}
    code, out = conducted(make_driver(tmp_path, tracking=tracking), all_finish, monkeypatch)
    assert code == ExitCode.OK
    assert "MLflow" not in out
    assert tracked == []


def test_where_no_report_can_be_written_the_way_on_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracked: list[str]
) -> None:
    def full(*_: object) -> None:
        raise StorageError("report: cannot write the report: No space left on device")

    monkeypatch.setattr("sweep.report.write_report", full)
    code, out = conducted(make_driver(tmp_path / "a"), is_interrupted, monkeypatch)
    assert code == ExitCode.INTERRUPTED
    assert "cannot write the report: No space left on device" in out
    assert re.search(r"go on +\S*sweep resume tiny", out)
    code, _ = conducted(make_driver(tmp_path / "b"), all_finish, monkeypatch)
    assert code == ExitCode.USAGE, "a script must not take it for done"
