"""A sweep from its first line on the terminal to its last: trials, MLflow beside them, the report."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console

from sweep.engine.cluster import send_library_logs_to
from sweep.engine.driver import Driver
from sweep.engine.progress import progress
from sweep.engine.run import run_sweep
from sweep.errors import ExitCode, StorageError
from sweep.ledger import Ledger
from sweep.notify import notifier_of
from sweep.plan.addition import Addition
from sweep.spec import Spec
from sweep.storage import SweepFolder
from sweep.tracking import BackgroundTracker, tracking_target


def conduct(
    folder: SweepFolder,
    spec: Spec,
    ledger: Ledger,
    console: Console,
    *,
    retry_failed: bool = False,
    addition: Addition | None = None,
) -> ExitCode:
    """Runs what is left of a sweep and prints what came out; the caller holds `folder.locked()`."""
    notifier = notifier_of(spec.notify)
    send_library_logs_to(folder.log)
    tracker = BackgroundTracker(folder, ledger, tracking_target(spec)) if spec.tracking.enabled else None
    if tracker is not None:
        tracker.start()
    try:
        with progress(console, spec) as listener:
            listeners = [listener, *([notifier] if notifier is not None else [])]
            driver = run_sweep(folder, spec, ledger, listeners, retry_failed=retry_failed, addition=addition)
        unwritten = _write_report(driver)
    finally:  # whatever went wrong, MLflow and whoever waits are told how it ended
        missed = tracker.finish() if tracker is not None else None
        if notifier is not None:
            notifier.finish()
    from sweep.report import latest_table_text  # seconds to import, which no trial is to wait for

    console.print(latest_table_text(driver.state, width=console.width), highlight=False, markup=False)
    _say_where_to_look(driver, console, missed, unwritten)
    code = _exit_code(driver)
    return ExitCode.USAGE if unwritten and code == ExitCode.OK else code


def _write_report(driver: Driver) -> str | None:
    """Why there is no report, in words; None if there is. On a full disk, too, the way on must be told."""
    from sweep.report import write_report

    try:
        write_report(driver.state, driver.folder.report)
    except StorageError as error:
        return str(error)
    return None


def _say_where_to_look(driver: Driver, console: Console, missed: str | None, unwritten: str | None) -> None:
    folder, sweep = driver.folder, program("sweep")
    report = unwritten or _short(folder.report / "report.html")
    lines = [("report", report), ("log", _short(folder.log)), *_about_store(folder)]
    if driver.spec.tracking.enabled:
        lines.append(("MLflow", tracking_target(driver.spec).ui_command(program("mlflow"))))
    if missed is not None:
        lines.append(("", f"MLflow misses a part ({missed}); `{sweep} sync {folder.argument}` writes it"))
    lines.append(("decisions", f"{sweep} explain {folder.argument} TRIAL"))
    if driver.state.outcome != "completed":
        lines.append(("go on", f"{sweep} resume {folder.argument}"))
    elif any(trial.status == "failed" for trial in driver.state.trials.values()):
        lines.append(("try again", f"{sweep} resume {folder.argument} --retry-failed"))
    for name, text in lines:
        console.print(f"{name:10}{text}", soft_wrap=True, highlight=False, markup=False)


def _about_store(folder: SweepFolder) -> list[tuple[str, str]]:
    """Where an object store has the sweep, and what it misses; nothing where the storage is a folder."""
    lines = [("storage", folder.place)] if folder.place != str(folder.path) else []
    if folder.lost:
        lines.append(("", f"{folder.lost}; what this one did since then is in {folder.path} alone"))
    elif behind := folder.flush():
        sync = f"`{program('sweep')} sync {folder.argument}`"
        lines.append(("", f"{folder.place} misses a part ({behind}); {sync} writes it"))
    else:  # it may have come back when no trial was left that would have been told beside
        lines += [("", news) for news in folder.news()]
    return lines


def program(name: str) -> str:
    """What to type to run a program that was installed with us: `.venv/bin/` stands before it if need be."""
    return name if shutil.which(name) else _short(Path(sys.executable).parent / name)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _exit_code(driver: Driver) -> ExitCode:
    if driver.interrupted:
        return ExitCode.INTERRUPTED
    failed = any(trial.status == "failed" for trial in driver.state.trials.values())
    if failed or driver.state.outcome == "failed":
        return ExitCode.TRIALS_FAILED
    return ExitCode.OK
