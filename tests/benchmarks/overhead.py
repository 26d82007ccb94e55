"""What a sweep adds to training: python -m tests.benchmarks.overhead {trivial,loop,start,cli} ...

`trivial`: trials that do nothing, beside raw Ray Tune, with and without MLflow. `loop`: one trial alone and
inside a sweep. `start`: from `sweep run` to the first step. `cli`: the CPU time of `--help` and `plan`.
Everything in turn, each in a process of its own; medians.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.in_process import Parts, in_process, is_part

MODULE = "tests.benchmarks.overhead"
REPORTS = (2, 4, 6, 8, 10)
AT_ONCE = 2
DEMO = Path("ratios.yaml")
SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]


# Trials that do nothing


def trivial_by_us(folder: Path, trials: int, store: str) -> dict[str, float]:
    """From the first trial's start until the last has ended and MLflow has all."""
    from sweep.engine.cluster import send_library_logs_to
    from sweep.engine.create import create_sweep
    from sweep.engine.run import run_sweep
    from sweep.ledger.events import TrialEnded, TrialStarted
    from sweep.spec import load_spec
    from sweep.storage import SweepFolder
    from sweep.tracking import BackgroundTracker, tracking_target
    from tests.replaying import replay_spec, write_curves
    from tests.specs import write_spec

    ratios, seeds = [n / 40 for n in range(41)], range(-(-trials // 41))
    write_curves(folder / "curves.csv", ratios, list(seeds), REPORTS)
    sections: dict[str, Any] = {
        "training": {"iterations": REPORTS[-1], "log_interval": 10**6},
        "early_stopping": {"name": "none", "rungs": list(REPORTS[:-1])},
        "search": {"parameters": {"real_ratio": {"values": ratios}}, "seeds": list(seeds)},
        "tracking": {"uri": store} if store else {"enabled": False},
        "resources": {"concurrent_trials": AT_ONCE, "cpus_per_trial": 0.1},
    }
    loaded = load_spec(write_spec(folder / "spec.yaml", replay_spec(folder, **sections)))
    sweep = SweepFolder(folder / "sweeps", loaded.spec.name)
    sweep.create()
    times: dict[type, list[float]] = {TrialStarted: [], TrialEnded: []}

    def note(event: Any, state: Any) -> None:
        times.get(type(event), []).append(time.time())

    with sweep.locked():
        ledger = create_sweep(sweep, loaded)
        send_library_logs_to(sweep.log)
        tracker = BackgroundTracker(sweep, ledger, tracking_target(loaded.spec)) if store else None
        if tracker:
            tracker.start()
        run_sweep(sweep, loaded.spec, ledger, [note])
        missed = tracker.finish(600) if tracker else None
    assert missed is None, missed
    done = time.time()
    count = len(times[TrialEnded])
    return {
        "trials": count,
        "seconds": times[TrialEnded][-1] - times[TrialStarted][0],
        "with_store": done - times[TrialStarted][0] if store else 0.0,
    }


def trivial_by_ray(folder: Path, trials: int, store: str) -> dict[str, float]:
    """Ray Tune as its documentation has it, with its own MLflow callback if there is a store."""
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    started: list[float] = []

    class Watch(tune.Callback):
        def on_trial_start(self, **_: Any) -> None:
            started.append(time.time())

    def trainable(config: dict[str, Any]) -> None:
        for iteration in REPORTS:
            tune.report({"val_miou": float(iteration), "val_macc": 1.0, "val_aacc": 1.0, "train_loss": 1.0})

    callbacks: list[Any] = [Watch()]
    if store:
        callbacks.append(MLflowLoggerCallback(tracking_uri=store, experiment_name=folder.name))
    ray.init(address="local", include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    tune.Tuner(
        tune.with_resources(trainable, {"cpu": 0.1}),
        tune_config=tune.TuneConfig(num_samples=trials, max_concurrent_trials=AT_ONCE, reuse_actors=True),
        run_config=tune.RunConfig(storage_path=str(folder / "ray"), callbacks=callbacks, verbose=0),
    ).fit()
    seconds = time.time() - started[0]
    ray.shutdown()
    return {"trials": len(started), "seconds": seconds, "with_store": seconds}


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def trivial(trials: int, rounds: int, stores: list[str]) -> None:
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for kind in stores:
            for who in ("ray", "us"):
                with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
                    folder = Path(name)
                    store = {"none": "", "sqlite": f"sqlite:///{folder}/mlflow.db"}.get(kind)
                    if store is None:
                        store = stack.enter_context(mlflow_server(folder))
                    told = in_process(MODULE, f"trivial-{who}", str(folder), str(trials), store)
                    key = "with_store" if store else "seconds"
                    found.setdefault((kind, who), []).append(told[key] / told["trials"])
                    if store and who == "us":
                        decisions = told["seconds"] / told["trials"]
                        found.setdefault((kind, "us, until decided"), []).append(decisions)
    print(f"\n{trials} trials of {len(REPORTS)} reports, {AT_ONCE} at once, ms a trial; medians of {rounds}")
    print("| MLflow | raw Ray Tune | ours, until MLflow has all | ratio | ours, until the last has ended |")
    print("|---|--:|--:|--:|--:|")
    for kind in stores:
        peer, ours = (statistics.median(found[kind, who]) for who in ("ray", "us"))
        decided = statistics.median(found.get((kind, "us, until decided"), found[kind, "us"]))
        print(f"| {kind} | {1e3 * peer:.0f} | {1e3 * ours:.0f} | {ours / peer:.2f} | {1e3 * decided:.0f} |")


# One trial


def loop_spec(folder: Path, iterations: int) -> Any:
    from sweep.spec import load_spec

    overrides = [
        f"training.iterations={iterations}",
        f"early_stopping.rungs={[iterations * n // 5 for n in range(1, 5)]}",
        "search.parameters.real_ratio.values=[0.5]",
        "search.seeds=[0]",
        "baseline.real_ratio=0.5",
        "resources.concurrent_trials=1",
        f"storage.path={folder}/sweeps",
        "early_stopping.name=none",
    ]
    return overrides, load_spec(DEMO, overrides).spec


def bare_loop(folder: Path, iterations: int) -> dict[str, float]:
    """The trial's own clock at its last report."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from sweep.plan import planned_trials, trial_config
    from trainables.local import FolderSession
    from trainables.segmentation import train

    _, spec = loop_spec(folder, iterations)
    session = FolderSession(folder / "bare")
    train(trial_config(spec, planned_trials(spec)[0]), session)
    return {"seconds": session.reports[-1].seconds}


def sweep_loop(folder: Path, iterations: int) -> dict[str, float]:
    overrides, spec = loop_spec(folder, iterations)
    command = [*SWEEP, "run", str(DEMO), "--name", "loop"]
    command += [part for one in overrides for part in ("--set", one)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    state = ledger_state(folder / "sweeps/loop")
    (trial,) = state.trials.values()
    return {"seconds": trial.reports[spec.training.iterations].seconds}


def ledger_state(folder: Path) -> Any:
    from sweep.ledger import Ledger, replay
    from sweep.storage import SweepFolder

    return replay(Ledger(SweepFolder(folder.parent, folder.name).ledger).read())


def loop(iterations: int, rounds: int) -> None:
    times: dict[str, list[float]] = {"bare": [], "sweep": []}
    for _ in range(rounds):
        for who in times:
            with tempfile.TemporaryDirectory() as folder:
                told = in_process(MODULE, f"loop-{who}", folder, str(iterations))
                times[who].append(told["seconds"])
    bare, inside = (statistics.median(seconds) for seconds in times.values())
    print(f"\n{iterations} iterations, 5 validations and checkpoints; medians of {rounds}")
    print(f"bare loop {bare:.1f} s, inside a sweep {inside:.1f} s: {inside / bare:.3f}")
    print("  pairs: " + ", ".join(f"{b:.1f} {s:.1f}" for b, s in zip(*times.values(), strict=True)))


# Start


def bare_start(folder: Path) -> dict[str, float]:
    """`ray.init`, a process that imports torch, and the model built there."""
    begun = time.time()
    import ray

    from trainables.contract import ModelConfig

    ray.init(address="local", include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    model = ModelConfig(architecture="smp_pspnet", encoder="tu-mobilenetv3_small_050")

    @ray.remote
    def build() -> float:
        os.environ["OMP_NUM_THREADS"] = "1"
        import torch  # noqa: F401

        from trainables.models import build_model

        build_model(model, 7)
        return time.time()

    done = ray.get(build.remote())
    ray.shutdown()
    return {"seconds": done - begun}


def sweep_start(folder: Path) -> dict[str, float]:
    """Until the first step has been taken, as the ledger has it: a line of training loss after each step."""
    overrides, _ = loop_spec(folder, 5)
    overrides += ["training.log_interval=1", "early_stopping.rungs=[4]"]
    begun = time.time()
    command = [*SWEEP, "run", str(DEMO), "--name", "loop"]
    command += [part for one in overrides for part in ("--set", one)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (trial,) = ledger_state(folder / "sweeps/loop").trials.values()
    return {"seconds": trial.progress_history[1].time - begun, "started": trial.began - begun}


def start(rounds: int) -> None:
    times: dict[str, list[float]] = {"bare": [], "sweep": []}
    started = []
    for _ in range(rounds):
        for who in times:
            with tempfile.TemporaryDirectory() as folder:
                told = in_process(MODULE, f"start-{who}", folder)
                times[who].append(told["seconds"])
                started += [told["started"]] if "started" in told else []
    bare, inside = (statistics.median(seconds) for seconds in times.values())
    print(f"\nuntil the first step; medians of {rounds}")
    print(f"ray.init + import torch + model {bare:.1f} s, `sweep run` {inside:.1f} s: {inside / bare:.2f}; ")
    print(f"  its process was up after {statistics.median(started):.1f} s")


# Command line


def cli(rounds: int) -> None:
    for arguments in (["--help"], ["plan", str(DEMO)]):
        seconds = []
        for _ in range(rounds):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([*SWEEP, *arguments], check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        print(f"sweep {' '.join(arguments)}: {statistics.median(seconds):.2f} s of CPU")


PARTS: Parts = {
    "trivial-us": lambda folder, trials, store: trivial_by_us(Path(folder), int(trials), store),
    "trivial-ray": lambda folder, trials, store: trivial_by_ray(Path(folder), int(trials), store),
    "loop-bare": lambda folder, iterations: bare_loop(Path(folder), int(iterations)),
    "loop-sweep": lambda folder, iterations: sweep_loop(Path(folder), int(iterations)),
    "start-bare": lambda folder: bare_start(Path(folder)),
    "start-sweep": lambda folder: sweep_start(Path(folder)),
}


def main() -> None:
    if is_part(PARTS):
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=("trivial", "loop", "start", "cli"))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stores", nargs="+", default=["none", "sqlite", "server"])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    for what in options.what:
        match what:
            case "trivial":
                trivial(options.trials, options.rounds, options.stores)
            case "loop":
                loop(options.iterations, options.rounds)
            case "start":
                start(options.rounds)
            case "cli":
                cli(options.rounds)


if __name__ == "__main__":
    main()
