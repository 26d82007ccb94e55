"""A trainable of one's own: a number that learns, in place of a network."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

from trainables.contract import CHECKPOINT_NAME, ClassCounts, Mixture, Progress, Report, Session, TrialConfig

NO_COUNTS = ClassCounts((), (), ())


def train(config: TrialConfig, session: Session) -> None:
    """Draws images, learns a little of each, and reports wherever a validation is due."""
    state = _restored(config, session)
    for iteration in range(state["iteration"] + 1, config.training.iterations + 1):
        state["iteration"] = iteration
        chance = random.Random(f"{config.seed} {iteration}")  # the same, whether it was resumed or not
        for source in _batch(config, iteration):
            state["consumed"][source] += 1
            state["score"] += (40 - state["score"]) * chance.uniform(0, 0.002 if source == "real" else 0.0018)
        if iteration % config.training.log_interval == 0:
            session.progress(Progress(iteration, 1 / state["score"], lr=0.01, seconds=_seconds(state)))
        if iteration in (*config.validate_at, config.training.iterations):
            session.report(_report(config, state), _checkpoint(state, session))


def _batch(config: TrialConfig, iteration: int) -> list[str]:
    """Sources of the images of a batch: exactly the share asked for, in the long run."""
    size = config.training.batch_size
    real = int(config.real_ratio * size * iteration) - int(config.real_ratio * size * (iteration - 1))
    return ["real"] * real + ["generated"] * (size - real)


def _report(config: TrialConfig, state: dict) -> Report:
    real, generated = state["consumed"]["real"], state["consumed"]["generated"]
    mixture = Mixture(
        requested_real_ratio=config.real_ratio,
        realised_real_ratio=real / (real + generated),
        real_images=real,
        generated_images={"generated": generated},
        distinct_real=min(real, 100),
        distinct_generated=min(generated, 100),
        real_passes=real / 100,
        generated_passes=generated / 100,
    )
    score = state["score"]
    metrics = {"val_miou": score, "val_macc": score + 5, "val_aacc": score + 10, "train_loss": 1 / score}
    return Report(state["iteration"], metrics, mixture, NO_COUNTS, seconds=_seconds(state))


def _checkpoint(state: dict, session: Session) -> Path:
    path = session.folder / CHECKPOINT_NAME
    new = path.with_suffix(".new")
    new.write_text(json.dumps({**state, "before": _seconds(state)}))
    new.replace(path)  # a process that is killed here leaves the old one whole
    session.keep(path)
    return path


def _restored(config: TrialConfig, session: Session) -> dict:
    path = session.restore()
    if path is None:
        state = {"iteration": 0, "score": 1.0, "consumed": {"real": 0, "generated": 0}, "before": 0.0}
    else:
        state = json.loads(path.read_text())
        session.report(_report(config, state), path)  # its first sending may not have arrived
    return {**state, "began": time.monotonic()}


def _seconds(state: dict) -> float:
    return state["before"] + time.monotonic() - state.get("began", time.monotonic())
