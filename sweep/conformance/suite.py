"""All checks, and the trainings that they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sweep.conformance import checks
from sweep.conformance.checks import Outcome, outcome
from sweep.conformance.rehearsals import Rehearser
from trainables.contract import TrialConfig


def check_trainable(
    trainable: str,
    code: Sequence[Path],
    config: TrialConfig,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Trains seven times, each time for a short while, and says what holds.

    Args:
        trainable: `package.module:function`.
        code: folders that its module is looked for in.
        config: of a short training with at least one validation before its end, and generated images.
        folder: empty; the trainings write there.
        say: is told what is being done.
    """
    rehearser = Rehearser(trainable, code, folder)
    say("a whole training")
    whole = rehearser.run(config, "whole")
    yield outcome("trains to its end", checks.ends(whole))
    if not whole.reports:
        return  # every other check would only say so again
    yield outcome("reports where validations are due", checks.reports_where_due(config, whole))
    yield outcome("reports hold what they must", checks.reports_hold_what_they_must(config, whole))
    yield outcome("shows signs of life", checks.shows_signs_of_life(whole))
    say("the same seed, stopped at its first report")
    stopped = rehearser.run(config, "stopped", stop_at_report=1)
    yield outcome("same seed, same first report", checks.same_seed_same_report(whole, stopped))
    yield outcome("obeys a stop", checks.obeys_a_stop(stopped))
    yield outcome("keeps one checkpoint", checks.keeps_one_checkpoint(stopped))
    if stopped.reports:
        say("gone on with")
        resumed = rehearser.run(config, "stopped")
        resumes = checks.resumes_as_undisturbed(whole, stopped, resumed)
        yield outcome("resumes as if undisturbed", resumes)
    say("another seed")
    other = rehearser.run(_with(config, seed=config.seed + 1), "other-seed", stop_at_report=1)
    yield outcome("another seed, another report", checks.another_seed_another_report(whole, other))
    yield checks.trains_at_share(config, whole)
    for real_ratio in (0.0, 1.0):
        say(f"real_ratio {real_ratio:g}")
        own = _with(config, real_ratio=real_ratio)
        yield checks.trains_at_share(own, rehearser.run(own, f"ratio-{real_ratio:g}", stop_at_report=1))
    say("SIGTERM at its first sign of life")
    yield outcome("obeys SIGTERM", checks.obeys_a_signal(rehearser.run(config, "signal", terminate=True)))


def _with(config: TrialConfig, **changes: float) -> TrialConfig:
    return config.model_copy(update=changes)
