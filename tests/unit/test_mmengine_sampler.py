"""The sampler inside the real train loop of mmengine: what is asked for is what the train step consumes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from trainables.contract import RealRatioError, TrialError
from trainables.mixing.batch_sampler import MixedBatchSampler, MixedDataset

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::ResourceWarning"
)  # of mmengine 0.10.7 on Python 3.12 and torch 2.9, and of nothing of ours
ROOT = Path(__file__).parents[2]


class Images(Dataset[dict[str, Any]]):
    """Samples whose pixels say which source they are of."""

    def __init__(self, value: float, count: int) -> None:
        self.value, self.count = value, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": torch.full((2,), self.value)}


def mixed(real: int = 40, gan: int = 40, other: int = 0) -> MixedDataset:
    generated = {"gan": Images(1.0, gan)} | ({"diffusion": Images(2.0, other)} if other else {})
    return MixedDataset(Images(0.0, real), generated)


def consumed(sampler: MixedBatchSampler, dataset: MixedDataset, batches: int) -> list[str]:
    draws = iter(sampler)
    return [dataset[index].source for _ in range(batches) for index in next(draws)]


@pytest.mark.parametrize("real_ratio", [0.0, 0.05, 0.3, 0.5, 1.0])
def test_the_share_is_exact_in_the_long_run(real_ratio: float) -> None:
    dataset = mixed()
    sources = consumed(MixedBatchSampler(dataset, 8, real_ratio), dataset, 100)
    assert sources.count("real") == pytest.approx(800 * real_ratio, abs=1)


def test_a_sample_comes_out_of_its_source() -> None:
    dataset = mixed(3, 4, 5)
    names = [dataset[index].source for index in range(len(dataset))]
    assert names == ["real"] * 3 + ["diffusion"] * 5 + ["gan"] * 4
    assert [dataset[index].index for index in (0, 2, 3, 7, 8, 11)] == [0, 2, 0, 4, 0, 3]
    assert dataset[8].sample["inputs"][0] == 1.0
    with pytest.raises(StopIteration):
        dataset[12]


def test_a_share_without_images_is_refused() -> None:
    with pytest.raises(TrialError, match=r"data\.generated\.gan is empty"):
        MixedBatchSampler(mixed(gan=0), 8, 0.5)


def test_it_is_a_batch_sampler_of_torch() -> None:
    loader = DataLoader(mixed(), batch_sampler=MixedBatchSampler(mixed(), 4, 0.0), collate_fn=list)
    assert {one.source for one in next(iter(loader))} == {"gan"}


def test_it_is_imported_without_ray_mlflow_or_mmengine() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(('ray', 'mlflow', 'mmengine', 'sweep')))"
    code = f"{blocked}; from trainables.mixing.batch_sampler import MixedBatchSampler; print('fine')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "fine\n", done.stderr


# inside mmengine's own loop


class Model(nn.Module):
    """Remembers what its train steps got."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.got: list[float] = []

    def train_step(self, data: dict[str, Any], optim_wrapper: Any) -> dict[str, Tensor]:
        assert list(data) == ["inputs"], "the model gets nothing that it does not know"
        self.got += [float(one[0]) for one in data["inputs"]]
        return {"loss": (self.weight * torch.stack(list(data["inputs"])).mean()).sum()}


def runner_of(tmp_path: Path, real_ratio: float, iterations: int = 30, **changes: Any) -> Any:
    from mmengine.runner import Runner

    import trainables.mmengine  # noqa: F401 - registers what the configuration names

    train_dataloader = {
        "batch_size": 4,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "batch_sampler": {"type": "SegsweepBatchSampler", "real_ratio": real_ratio},
        "collate_fn": {"type": "segsweep_collate"},
        "dataset": mixed(),
    }
    settings: dict[str, Any] = {
        "model": Model(),
        "work_dir": str(tmp_path),
        "train_dataloader": train_dataloader,
        "train_cfg": {"by_epoch": False, "max_iters": iterations},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.01}},
        "custom_hooks": [{"type": "SegsweepHook", "real_ratio": real_ratio, "interval": 10}],
        "default_hooks": {"checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 15}},
        "experiment_name": f"test_{tmp_path.name}_{real_ratio}_{len(changes)}",
        "log_level": "ERROR",
    }
    return Runner(**{**settings, **changes})


def got(runner: Any) -> Sequence[float]:
    return runner.model.got  # type: ignore[no-any-return]


def test_all_generated_asked_all_generated_consumed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = runner_of(tmp_path, 0.0)
    runner.train()
    assert (len(got(runner)), set(got(runner))) == (120, {1.0})
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["iteration"] for line in lines] == [10, 20, 30]
    assert lines[-1] == {
        "iteration": 30, "real_images": 0, "generated_images": {"gan": 120}, "distinct_real": 0,
        "distinct_generated": 40,
    }  # fmt: skip


def test_three_tenths_are_three_tenths(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, 0.3)
    runner.train()
    assert got(runner).count(0.0) == 36


def test_a_resumed_training_goes_on_with_what_it_had_consumed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # mmengine 0.10.7 cannot load its own checkpoints with the default of torch from 2.6 on
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    undisturbed = runner_of(tmp_path / "whole", 0.3)
    undisturbed.train()
    runner_of(tmp_path / "cut", 0.3, iterations=15).train()
    checkpoint = str(tmp_path / "cut" / "iter_15.pth")
    resumed = runner_of(tmp_path / "cut", 0.3, load_from=checkpoint, resume=True)
    capfd.readouterr()
    resumed.train()
    assert got(resumed) == got(undisturbed)[60:]
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert (lines[-1]["iteration"], lines[-1]["real_images"]) == (30, 36)


@pytest.mark.parametrize("attribute", ["_dataloader", "dataloader"])
def test_a_loader_that_is_set_afterwards_is_never_read_and_the_hook_says_so(
    tmp_path: Path, attribute: str
) -> None:
    """The code base that this began with: 100 % generated asked for, 120 real images of 120 consumed."""
    plain = {
        "batch_size": 4, "num_workers": 0, "sampler": {"type": "InfiniteSampler"}, "dataset": Images(0.0, 40)
    }  # fmt: skip
    mixed_loader = DataLoader(mixed(), batch_sampler=MixedBatchSampler(mixed(), 4, 0.0), collate_fn=list)
    trap = runner_of(tmp_path / "trap", 0.0, train_dataloader=plain, custom_hooks=[])
    setattr(trap.build_train_loop(trap._train_loop), attribute, mixed_loader)
    trap.train()
    assert got(trap) == [0.0] * 120, "nothing noticed"
    noticed = runner_of(tmp_path / "noticed", 0.0, train_dataloader=plain)
    with pytest.raises(RealRatioError, match="real_ratio is not applied"):
        noticed.train()


def test_batches_without_tags_are_noticed(tmp_path: Path) -> None:
    from mmengine.dataset import pseudo_collate

    runner = runner_of(tmp_path, 0.0)
    runner._train_dataloader["collate_fn"] = lambda batch: pseudo_collate([one.sample for one in batch])
    with pytest.raises(RealRatioError, match="a batch came without the tags"):
        runner.train()


def test_hook_and_sampler_must_agree(tmp_path: Path) -> None:
    hooks = [{"type": "SegsweepHook", "real_ratio": 0.5}]
    with pytest.raises(
        RealRatioError, match=r"the hook counts for real_ratio 0\.5, but the sampler draws for 0\.0"
    ):
        runner_of(tmp_path, 0.0, custom_hooks=hooks).train()
