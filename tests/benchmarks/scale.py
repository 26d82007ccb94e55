"""How a sweep grows: python -m tests.benchmarks.scale {driver,report,ray} [--trials N ...]

`driver`: messages of N trials with 20 reports through the driver, its judge, its ledger and the progress
lines, without Ray. `report`: a ledger of N trials, many of them stopped, and what reads it. `ray`: the whole
through real Ray with the replay trainable.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from tests.benchmarks.in_process import Parts, in_process, is_part

MODULE = "tests.benchmarks.scale"
REPORTS = 20
LENGTH = 10_000
EVERY = LENGTH // REPORTS
AT_ONCE = 8
RULES = ("none", "asha", "guarded", "promote")


def recorded(real_ratio: float, seed: int, iteration: int) -> float:
    """The value of a trial, in percent."""
    return 40 + (10 * real_ratio + 5) * iteration / LENGTH + 0.3 * seed


def loaded_spec(folder: Path, trials: int, rule: str) -> Any:
    """A replay of as many trials, four seeds an arm."""
    from sweep.spec import load_spec
    from tests.replaying import replay_spec
    from tests.specs import write_spec

    arms, seeds = trials // 4, [0, 1, 2, 3]
    ratios = [round(n / (arms - 1), 6) for n in range(arms)]
    rows = product(ratios, seeds, range(EVERY, LENGTH + 1, EVERY))
    lines = [
        "real_ratio,seed,iteration,val_miou",
        *(",".join(map(str, (*row, recorded(*row)))) for row in rows),
    ]
    (folder / "curves.csv").write_text("\n".join(lines) + "\n")
    sections: dict[str, Any] = {
        "training": {
            "iterations": LENGTH,
            "log_interval": LENGTH,
            "validation_interval": EVERY,
        },
        "early_stopping": {"name": rule, "rungs": [2000, 4000, 6000, 8000]},
        "search": {"parameters": {"real_ratio": {"values": ratios}}, "seeds": seeds},
        "tracking": {"enabled": False},
        "resources": {"concurrent_trials": AT_ONCE, "cpus_per_trial": 0.1},
        "replay": {"curves": str(folder / "curves.csv"), "seconds_per_iteration": 0},
    }
    return load_spec(write_spec(folder / "spec.yaml", replay_spec(folder, **sections)))


def search_spec(folder: Path, trials: int, rule: str) -> Any:
    """A sweep of 25 shares of real images, 20 seeds, and as many learning rates as make up the trials."""
    from sweep.spec import load_spec
    from tests.specs import tiny_spec, write_spec

    rates = [round(0.001 * (n + 1), 6) for n in range(max(1, trials // 500))]
    sections: dict[str, Any] = {
        "training": {"iterations": LENGTH, "log_interval": LENGTH, "validation_interval": EVERY},
        "early_stopping": {"name": rule, "rungs": [2000, 4000, 6000, 8000]},
        "search": {
            "parameters": {
                "real_ratio": {"values": [round(n / 24, 4) for n in range(25)]},
                "training.optimizer.lr": {"values": rates},
            },
            "seeds": list(range(20)),
        },
        "baseline": {"real_ratio": 1.0, "training.optimizer.lr": rates[0]},
        "tracking": {"enabled": False},
    }
    return load_spec(write_spec(folder / "spec.yaml", tiny_spec(folder / "sweeps", **sections)))


def new_driver(folder: Path, loaded: Any) -> Any:
    from rich.console import Console

    from sweep.engine.create import create_sweep
    from sweep.engine.driver import Driver
    from sweep.engine.progress import ProgressLog
    from sweep.plan import planned_trials
    from sweep.stopping import judge_of
    from sweep.storage import SweepFolder

    sweep = SweepFolder(folder / "sweeps", loaded.spec.name)
    sweep.create()
    ledger = create_sweep(sweep, loaded)
    lines = ProgressLog(Console(file=(folder / "terminal").open("w")), "val_miou")
    driver = Driver(sweep, loaded.spec, ledger, judge_of(loaded.spec), [lines])
    with ledger.together():  # one wait for the disk instead of thousands
        driver.plan(planned_trials(loaded.spec))
    return driver


def messages(driver: Any, tell: Callable[[str, Any], bool]) -> None:
    """All trials, so many at once in turn, each until it ends or is paused."""
    from sweep.engine.messages import Started
    from trainables.contract import ClassCounts, Mixture, Report

    waiting = deque(driver.state.trials.values())
    running: deque[tuple[Any, int]] = deque()
    counts = ClassCounts((1000,) * 19, (2000,) * 19, (2000,) * 19)
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            trial = waiting.popleft()
            tell(trial.trial_id, Started(host="a", pid=1, node="n"))
            running.append((trial, EVERY))
        trial, iteration = running.popleft()
        real_ratio, seed = trial.planned.parameters["real_ratio"], trial.planned.seed
        miou = recorded(real_ratio, seed, iteration)
        metrics = {"val_miou": miou, "val_macc": miou, "val_aacc": miou, "train_loss": 1.0}
        report = Report(iteration, metrics, Mixture.not_counted(real_ratio), counts, iteration / 10)
        if tell(trial.trial_id, report) and iteration < LENGTH:
            running.append((trial, iteration + EVERY))


def driver_part(folder: Path, trials: int, rule: str) -> dict[str, float]:
    driver = new_driver(folder, loaded_spec(folder, trials, rule))
    times: list[float] = []

    def tell(trial_id: str, message: Any) -> bool:
        begun = time.perf_counter()
        goes_on: bool = driver.handle(trial_id, message)
        times.append(time.perf_counter() - begun)
        return goes_on

    messages(driver, tell)
    tenth = len(times) // 10
    return {
        "messages": len(times),
        "first": 1e3 * statistics.mean(times[:tenth]),
        "last": 1e3 * statistics.mean(times[-tenth:]),
        "most": 1e3 * max(times),
        "seconds": sum(times),
        "megabytes": driver.folder.ledger.stat().st_size / 1e6,
        "rss": peak_memory(),
    }


def peak_memory() -> float:
    """MB of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(part: str, sizes: list[int], rules: list[str]) -> Iterator[tuple[str, int, dict[str, float]]]:
    """A part for every rule and number of trials, each in a folder of its own."""
    for rule, trials in product(rules, sizes):
        with tempfile.TemporaryDirectory() as folder:
            yield rule, trials, in_process(MODULE, part, folder, str(trials), rule)


def print_driver(sizes: list[int], rules: list[str]) -> None:
    print(f"\n{REPORTS} reports a trial, {AT_ONCE} at once; ms a message, fsync included")
    print("| rule | trials | messages | first tenth | last tenth | longest | ledger MB | peak RSS MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for rule, trials, told in measured("driver", sizes, rules):
        print(
            f"| {rule} | {trials} | {told['messages']:.0f} | {told['first']:.2f} | {told['last']:.2f} | "
            f"{told['most']:.1f} | {told['megabytes']:.1f} | {told['rss']:.0f} |",
            flush=True,
        )


# Reading


def make_ledger(folder: Path, trials: int) -> dict[str, float]:
    """A whole sweep under `asha`, without waiting for the disk."""
    os.fsync = lambda file: None  # type: ignore[assignment]
    driver = new_driver(folder, search_spec(folder, trials, "asha"))
    messages(driver, driver.handle)
    return {"megabytes": driver.folder.ledger.stat().st_size / 1e6}


def read(folder: Path, what: str) -> dict[str, float]:
    """Seconds and memory of one thing that reads the sweep, imports left out."""
    import matplotlib.figure  # noqa: F401
    import pandas  # noqa: F401
    import scipy.stats  # noqa: F401

    from sweep.analysis import analyse
    from sweep.engine.driver import Driver
    from sweep.engine.run import settle_reports
    from sweep.engine.sources import PlanSource, unfinished_trials
    from sweep.ledger import Ledger, replay
    from sweep.overview import trials_table
    from sweep.plan import planned_trials
    from sweep.report import latest_table_text, write_report
    from sweep.spec import load_spec
    from sweep.stopping import judge_of
    from sweep.storage import SweepFolder

    spec = load_spec(folder / "spec.yaml").spec
    sweep = SweepFolder(folder / "sweeps", spec.name)
    ledger = Ledger(sweep.ledger)
    state = replay(ledger.read()) if what not in ("read the ledger", "resume") else None
    before = peak_memory()

    def resume() -> None:
        driver = Driver(sweep, spec, ledger, judge_of(spec), [])
        driver.plan(planned_trials(spec))
        settle_reports(driver)
        PlanSource(unfinished_trials(spec, driver.state))

    work: dict[str, Callable[[], Any]] = {
        "read the ledger": lambda: replay(ledger.read()),
        "resume": resume,
        "status": lambda: trials_table(sweep, state),
        "compare": lambda: latest_table_text(state),
        "fits": lambda: analyse(state),
        "report": lambda: write_report(state, sweep.report),
    }
    begun = time.perf_counter()
    work[what]()
    return {"seconds": time.perf_counter() - begun, "rss": peak_memory(), "before": before}


def print_report(sizes: list[int]) -> None:
    for trials in sizes:
        with tempfile.TemporaryDirectory() as folder:
            made = in_process(MODULE, "make", folder, str(trials))
            print(f"\n{trials} trials of up to {REPORTS} reports, ledger of {made['megabytes']:.0f} MB")
            print("| what | seconds | peak RSS MB |\n|---|--:|--:|")
            for what in ("read the ledger", "resume", "status", "compare", "fits", "report"):
                told = in_process(MODULE, "read", folder, what)
                print(f"| {what} | {told['seconds']:.1f} | {told['rss']:.0f} |", flush=True)


# Through Ray


def ray_part(folder: Path, trials: int, rule: str) -> dict[str, float]:
    from sweep.engine.cluster import send_library_logs_to
    from sweep.engine.create import create_sweep
    from sweep.engine.run import run_sweep
    from sweep.storage import SweepFolder

    loaded = loaded_spec(folder, trials, rule)
    sweep = SweepFolder(folder / "sweeps", loaded.spec.name)
    sweep.create()
    times: list[float] = []
    with sweep.locked():
        ledger = create_sweep(sweep, loaded)
        send_library_logs_to(sweep.log)
        run_sweep(sweep, loaded.spec, ledger, [lambda event, state: times.append(time.time())])
    spans = [later - earlier for earlier, later in pairwise(times)]
    tenth = len(spans) // 10
    return {
        "seconds": times[-1] - times[0],
        "first": 1e3 * sum(spans[trials:][:tenth]) / tenth,
        "last": 1e3 * sum(spans[-tenth:]) / tenth,
        "megabytes": sweep.ledger.stat().st_size / 1e6,
        "rss": peak_memory(),
    }


def print_ray(sizes: list[int], rules: list[str]) -> None:
    print(f"\nThrough Ray, {REPORTS} reports a trial, {AT_ONCE} at once; ms from event to event")
    print("| rule | trials | seconds | first tenth | last tenth | ledger MB | peak RSS MB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for rule, trials, told in measured("ray", sizes, rules):
        print(
            f"| {rule} | {trials} | {told['seconds']:.0f} | {told['first']:.2f} | {told['last']:.2f} | "
            f"{told['megabytes']:.1f} | {told['rss']:.0f} |",
            flush=True,
        )


PARTS: Parts = {
    "driver": lambda folder, trials, rule: driver_part(Path(folder), int(trials), rule),
    "make": lambda folder, trials: make_ledger(Path(folder), int(trials)),
    "read": lambda folder, what: read(Path(folder), what),
    "ray": lambda folder, trials, rule: ray_part(Path(folder), int(trials), rule),
}


def main() -> None:
    if is_part(PARTS):
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("driver", "report", "ray"))
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--rules", nargs="+", default=list(RULES), choices=RULES)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    match options.what:
        case "driver":
            print_driver(options.trials, options.rules)
        case "report":
            print_report(options.trials)
        case "ray":
            print_ray(options.trials, options.rules)


if __name__ == "__main__":
    main()
