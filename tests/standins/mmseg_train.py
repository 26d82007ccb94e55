"""Stands in for mmsegmentation's tools/train.py: the same arguments, and mmengine's files to the letter.

It trains nothing: `val_miou` is a curve over `real_ratio`. Options with `standin.` say what goes wrong.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any


class DictAction(argparse.Action):
    """mmengine's: KEY=VALUE pairs; given again, they add to what was given."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        options = dict(getattr(namespace, self.dest) or {})
        for pair in values:
            key, _, text = pair.partition("=")
            options[key] = value_of(text)
        setattr(namespace, self.dest, options)


def value_of(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    arguments = parser.parse_args()
    options = {**DEFAULTS, **config_of(arguments.config), **(arguments.cfg_options or {})}
    Training(arguments.work_dir, options, arguments.resume).run()


DEFAULTS: dict[str, Any] = {
    "load_from": None,
    "real_ratio": 1.0,
    "randomness.seed": 0,
    "train_cfg.max_iters": 40,
    "train_cfg.val_interval": 10,
    "default_hooks.logger.interval": 5,
    "default_hooks.checkpoint.interval": 10,
    "default_hooks.logger.log_metric_by_epoch": False,
    "train_dataloader.batch_size": 8,
    "standin.pace": 0.0,  # seconds for an iteration
    "standin.crash_at": None,  # in its first attempt: an exception after this iteration
    "standin.hang_at": None,
    "standin.stop_at": None,  # ends well, but too early
    "standin.children": False,  # has loaders: one in its group, one in a session of its own
    "standin.deaf": False,  # does not end when asked to
    "standin.counts": None,  # real images it says it has consumed: their share
    "standin.torn": False,  # the last checkpoint is cut off when it crashes
}


def config_of(path: Path) -> dict[str, Any]:
    """A Python file with names, as mmengine's; dictionaries become dotted keys."""
    names: dict[str, Any] = {}
    exec(path.read_text(), names)  # as mmengine does
    return dict(flat({key: value for key, value in names.items() if not key.startswith("_")}))


def flat(values: dict[str, Any], prefix: str = "") -> Any:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


class Training:
    def __init__(self, work_dir: Path, options: dict[str, Any], resume: bool) -> None:
        self.work_dir, self.options = work_dir, options
        self.first_attempt = not work_dir.exists()
        stamp = time.strftime("%Y%m%d_%H%M%S") + ("" if self.first_attempt else f"_{os.getpid()}")
        self.folder = work_dir / stamp
        (self.folder / "vis_data").mkdir(parents=True)
        self.scalars = (self.folder / "vis_data" / "scalars.json", self.folder / "vis_data" / f"{stamp}.json")
        self.text = self.folder / f"{stamp}.log"
        (self.folder / "vis_data" / "config.py").write_text(f"options = {options!r}\n")
        self.iteration = self._resumed() if resume else 0

    def run(self) -> None:
        if self.options["standin.deaf"]:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.options["standin.children"]:
            self._start_children()
        (self.work_dir / "pid").write_text(str(os.getpid()))
        self._say(f"Distributed training: False, GPU: {os.environ.get('CUDA_VISIBLE_DEVICES')}")
        while self.iteration < self.options["train_cfg.max_iters"]:
            self.iteration += 1
            time.sleep(self.options["standin.pace"])
            if self._is_due("default_hooks.logger.interval"):
                self._log_training()
            if self._is_due("default_hooks.checkpoint.interval"):
                self._save()
            self._go_wrong()
            if self._is_due("train_cfg.val_interval"):
                self._validate()

    def _is_due(self, interval: str) -> bool:
        return self.iteration % self.options[interval] == 0

    def _log_training(self) -> None:
        loss = 3 / (1 + self.iteration / 10)
        row = {
            "lr": 0.01,
            "data_time": 0.0101,
            "loss": loss,
            "decode.loss_ce": 0.7 * loss,
            "decode.acc_seg": 80.1,
            "aux.loss_ce": 0.3 * loss,
            "aux.acc_seg": 71.2,
            "time": 0.45,
            "iter": self.iteration,
            "memory": 9012,
            "step": self.iteration,
        }
        self._write_scalars(row)
        length = self.options["train_cfg.max_iters"]
        self._say(
            f"Iter(train) [{self.iteration:>{len(str(length))}}/{length}]  lr: 1.0000e-02  eta: 1:02:03  "
            f"time: 0.4512  data_time: 0.0101  memory: 9012  loss: {loss:.4f}"
        )

    def _validate(self) -> None:
        self._count()
        miou = miou_of(self.options["real_ratio"], self.options["randomness.seed"], self.iteration)
        metrics = {"aAcc": round(60 + miou / 2, 2), "mIoU": miou, "mAcc": round(miou + 10, 2)}
        step = self.iteration if not self.options["default_hooks.logger.log_metric_by_epoch"] else 0
        self._write_scalars({**metrics, "data_time": 0.0013, "time": 0.0405, "step": step})
        words = "  ".join(f"{name}: {value:.4f}" for name, value in metrics.items())
        self._say(f"Iter(val) [500/500]    {words}  data_time: 0.0013  time: 0.0405")

    def _count(self) -> None:
        share = self.options["standin.counts"]
        if share is None:
            return
        images = self.iteration * self.options["train_dataloader.batch_size"]
        real = round(share * images)
        counts = {"iteration": self.iteration, "real_images": real, "generated_images": images - real}
        with Path(os.environ["SEGSWEEP_COUNTS"]).open("a") as file:
            file.write(json.dumps(counts) + "\n")

    def _write_scalars(self, row: dict[str, Any]) -> None:
        for path in self.scalars:
            with path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def _say(self, text: str) -> None:
        line = f"{time.strftime('%Y/%m/%d %H:%M:%S')} - mmengine - INFO - {text}"
        print(line)
        with self.text.open("a") as file:
            file.write(line + "\n")

    def _save(self) -> None:
        path = self.work_dir / f"iter_{self.iteration}.pth"
        with zipfile.ZipFile(path, "w") as archive:  # as torch.save writes
            archive.writestr("archive/data.pkl", str(self.iteration))
        (self.work_dir / "last_checkpoint").write_text(str(path.absolute()))
        self._say(f"Saving checkpoint at {self.iteration} iterations")

    def _resumed(self) -> int:
        path = Path(self.options["load_from"] or (self.work_dir / "last_checkpoint").read_text())
        with zipfile.ZipFile(path) as archive:
            iteration = int(archive.read("archive/data.pkl"))
        self._say(f"Load checkpoint from {path}")
        self._say(f"resumed epoch: 0, iter: {iteration}")
        return iteration

    def _go_wrong(self) -> None:
        if self.first_attempt and self.iteration == self.options["standin.crash_at"]:
            if self.options["standin.torn"]:
                path = self.work_dir / f"iter_{self.iteration}.pth"
                path.write_bytes(path.read_bytes()[:-20])
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if self.first_attempt and self.iteration == self.options["standin.hang_at"]:
            time.sleep(3600)
        if self.iteration == self.options["standin.stop_at"]:
            sys.exit(0)

    def _start_children(self) -> None:
        sleeper = [sys.executable, "-c", "import time; time.sleep(3600)"]
        for own_session in (False, True):
            process = subprocess.Popen(sleeper, start_new_session=own_session)
            with (self.work_dir / "children").open("a") as file:
                file.write(f"{process.pid}\n")


def miou_of(real_ratio: float, seed: int, iteration: int) -> float:
    """In percent, rounded as mmsegmentation does."""
    height = 45 - 30 * (1 - real_ratio) ** 2
    return round(height * (1 - math.exp(-iteration / 20)) + 0.1 * math.sin(seed), 2)


if __name__ == "__main__":
    main()
