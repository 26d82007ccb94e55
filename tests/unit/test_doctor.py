"""`sweep doctor`: what is wrong is found, and said with what mends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sweep.doctor.places
from sweep.doctor import examine
from sweep.doctor.gpus import gpus
from sweep.doctor.machine import memory, packages, shared_memory
from sweep.doctor.places import cache, storage
from sweep.doctor.services import mlflow, ray
from sweep.errors import ClusterError
from sweep.finding import Finding
from sweep.spec import Spec, spec_from_dict
from tests.specs import tiny_spec, write_spec
from tests.terminal import Terminal
from trainables import devices
from trainables.devices import Gpu

Made = Callable[..., Spec]


@pytest.fixture
def spec(tmp_path: Path) -> Made:
    def made(**sections: Any) -> Spec:
        return spec_from_dict(tiny_spec(tmp_path / "sweeps") | sections)

    return made


def test_packages_are_named_and_a_torch_that_cannot_be_loaded_is_a_fault(
    spec: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packages(spec()).verdict == "ok"
    assert "torch 2." in packages(spec()).said
    monkeypatch.setattr("trainables.devices.torch_fault", lambda: "libcudart.so.13: cannot open")
    broken = packages(spec())
    assert (broken.verdict, "libcudart" in broken.said) == ("fault", True)
    monkeypatch.setattr("sweep.doctor.machine._PACKAGES", ("segsweep", "torch-that-is-not-there"))
    assert "torch-that-is-not-there is not installed" in packages(spec()).said
    assert [one.what for one in examine(spec())] == ["packages"]


def test_without_ray_and_mlflow_the_command_says_so(tmp_path: Path) -> None:
    """In a process where neither can be imported nor has a version."""
    lost = """
import sys
from importlib import metadata
from sweep.cli import main
known = metadata.version
def version(name):
    if name in ("ray", "mlflow"):
        raise metadata.PackageNotFoundError(name)
    return known(name)
metadata.version = version
sys.modules["ray"] = sys.modules["mlflow"] = None
sys.argv = ["sweep", "doctor"]
main()
"""
    command = [sys.executable, "-c", lost]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert "ray is not installed, mlflow is not installed" in done.stdout
    assert "1 looked at: 1 faults" in done.stdout


def test_a_torchvision_for_another_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(MetaPathFinder):
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "torchvision":
                raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    assert devices.torch_fault() == "operator torchvision::nms does not exist"
    assert devices.count_gpus() == 0


def test_a_gpu_that_lets_nobody_in_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(index: int) -> None:
        raise RuntimeError("CUDA error: out of memory")

    of = SimpleNamespace(name="H100", total_memory=2**36)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: of)
    monkeypatch.setattr("torch.cuda.mem_get_info", refused)
    assert devices.gpus() == [Gpu("H100", 0, 2**36)]


@pytest.mark.parametrize(
    ("available", "at_once", "verdict"), [(64.0, 4, "ok"), (3.1, 2, "ok"), (2.9, 2, "warning")]
)
def test_memory_for_all_trials(
    spec: Made, monkeypatch: pytest.MonkeyPatch, available: float, at_once: int, verdict: str
) -> None:
    monkeypatch.setattr("sweep.doctor.machine._available_gigabytes", lambda: available)
    monkeypatch.setattr(devices, "cores", lambda: 8)
    found = memory(spec(resources={"concurrent_trials": at_once}))
    assert found is not None
    assert found.verdict == verdict
    assert found.mend == ("" if verdict == "ok" else "set resources.concurrent_trials to 1")


@pytest.mark.parametrize(
    ("resources", "at_once"),
    [
        ({"cpus_per_trial": 4}, 16),
        ({"cpus_per_trial": 4, "concurrent_trials": 20}, 16),
        ({"gpus_per_trial": 1}, 4),
        ({"gpus_per_trial": 0.5}, 8),
        ({"gpus_per_trial": 0.5, "max_gpus": 2}, 4),
        ({"gpus_per_trial": 1, "concurrent_trials": 3}, 3),
    ],
)
def test_memory_is_for_as_many_trials_as_find_room(
    spec: Made, monkeypatch: pytest.MonkeyPatch, resources: dict[str, float], at_once: int
) -> None:
    monkeypatch.setattr("sweep.doctor.machine._available_gigabytes", lambda: 1.0)
    monkeypatch.setattr(devices, "cores", lambda: 64)
    monkeypatch.setattr(devices, "count_gpus", lambda: 4)
    found = memory(spec(resources=resources))
    assert found is not None
    assert f"{at_once} trials at once" in found.said


def test_shared_memory_matters_to_loader_processes_alone(spec: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep.doctor.machine._LEAST_SHARED_GIGABYTES", 10.0**6)
    assert shared_memory(spec()) is None
    found = shared_memory(spec(training={"iterations": 12, "crop_size": [32, 48], "workers": 2}))
    assert found is not None
    assert (found.verdict, "--shm-size" in found.mend) == ("fault", True)


@pytest.mark.parametrize(
    ("found", "has_driver", "wanted", "verdict", "told"),
    [
        ([], False, 0, "ok", "none on this machine"),
        ([], False, 1, "fault", "resources.gpus_per_trial is 1"),
        ([], True, 1, "fault", "there is a driver, but torch"),
        ([], True, 0, "warning", "there is a driver, but torch"),
        ([Gpu("H100", 2**36, 2**36)], True, 1, "ok", "H100, 64 of 64 GiB free"),
        ([Gpu("H100", 2**35, 2**36)], True, 1, "warning", "H100, 32 of 64 GiB free"),
        ([Gpu("H100", 2**36, 2**36)], True, 0, "warning", "the spec uses none"),
        ([Gpu("H100", 2**36, 2**36)], True, 2, "fault", "H100"),
    ],
)
def test_gpus(
    spec: Made,
    monkeypatch: pytest.MonkeyPatch,
    found: list[Gpu],
    has_driver: bool,
    wanted: int,
    verdict: str,
    told: str,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(devices, "gpus", lambda: found)
    monkeypatch.setattr(devices, "has_driver", lambda: has_driver)
    resources = spec().resources.model_copy(update={"gpus_per_trial": wanted})  # 2: of a trainer of your own
    finding = gpus(spec().model_copy(update={"resources": resources}))
    assert finding is not None
    assert finding.verdict == verdict
    assert told in finding.said
    assert bool(finding.mend) == (verdict != "ok")


def test_storage_leaves_nothing_behind_and_makes_nothing(spec: Made, tmp_path: Path) -> None:
    found = storage(spec())
    assert found.verdict == "ok"
    assert "which will be made" in found.said
    assert list(tmp_path.iterdir()) == []


def test_a_storage_below_a_file(spec: Made, tmp_path: Path) -> None:
    (tmp_path / "sweeps").write_text("a file")
    assert storage(spec()).verdict == "fault"


def test_a_storage_that_may_not_be_looked_into(spec: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", forbidden)
    found = storage(spec())
    assert found.verdict == "fault"
    assert "Permission denied" in found.said


def test_a_cache_that_cannot_be_written(spec: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sweep.doctor.places, "sync", full)
    found = cache(spec())
    assert found.verdict == "fault"
    assert "No space left on device" in found.said
    assert "SEGSWEEP_CACHE" in found.mend


def test_a_store_that_does_not_answer(spec: Made) -> None:
    found = storage(spec(storage={"path": "s3://bucket/sweeps?endpoint_override=http://127.0.0.1:9"}))
    assert found.verdict == "fault"
    assert "s3://bucket/sweeps" in found.said


def test_an_mlflow_that_does_not_answer_and_its_password(spec: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    found = mlflow(spec())
    assert found is not None
    assert found.verdict == "warning"
    assert "127.0.0.1:9" in found.said
    assert "secret" not in found.said + found.mend


def test_an_mlflow_that_is_there_not_yet_there_or_not_wanted(
    spec: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    new, unwanted = mlflow(spec()), mlflow(spec(tracking={"enabled": False}))
    assert new is not None
    assert "which will be made" in new.said
    assert unwanted is None
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "mlflow.db").write_text("no database")
    broken = mlflow(spec())
    assert broken is not None
    assert broken.verdict == "warning"


def test_ray_lacks_what_a_trial_needs(spec: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(spec: Spec) -> str:
        raise ClusterError("this machine has 0 GPUs\nLower it")

    monkeypatch.setattr("sweep.doctor.services.try_out", refused)
    assert ray(spec()) == Finding("Ray", "fault", "this machine has 0 GPUs", "Lower it")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything for real, in a process of its own, since Ray starts."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    path = write_spec(tmp_path / "spec.yaml", tiny_spec(tmp_path / "sweeps"))
    command = [sys.executable, "-m", "sweep", "doctor", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ray: inside this process" in done.stdout
    assert ": 0 faults" in done.stdout


def test_a_fault_gives_the_exit_code(sweep: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def looks(spec: Spec) -> list[Finding]:
        return [Finding("machine", "ok", "fine"), Finding("Ray", "fault", "[gone]", "start it")]

    monkeypatch.setattr("sweep.doctor.examine", looks)
    done = sweep("doctor")
    assert done.code == 2
    assert "FAULT    Ray: [gone]\n         start it\n" in done.out
    assert "2 looked at: 1 faults, 0 warnings" in done.out
    assert sweep("doctor", "--set", "name=x").code == 2
