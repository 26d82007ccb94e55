"""The trials that could be run next: other seeds, shares of real images between those run, stopped ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sweep.curves.next import Option
from sweep.curves.prediction import Prediction
from sweep.curves.trials import Setting

USUAL_RATIOS = (
    *(0.0, 0.02, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35),
    *(0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
)
"""Shares of real images that are proposed; denser below 0.3, where curves bend."""

_APART = 0.2
"""How far a new share is from any that was run, as a part of it; at least 0.01, and no more than 0.08."""

_MORE_SEEDS = 3


def options_of(
    setting: Setting,
    seeds: Sequence[int],
    stopped: Mapping[str, Prediction] | None = None,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> tuple[Option, ...]:
    """All trials that could be run for this setting, none of which it holds already.

    Args:
        seeds: those of the sweep; new shares are run with them, others with those that come after.
        stopped: trials that can go on from where they were stopped, by id, and what is predicted of them.
        low, high: bounds of real_ratio.
    """
    return tuple(
        [
            *_continued(setting, stopped or {}),
            *_more_seeds(setting, seeds),
            *_new_ratios(setting, seeds, low, high),
        ]
    )


def _continued(setting: Setting, stopped: Mapping[str, Prediction]) -> Iterator[Option]:
    for trial in setting.trials:
        if trial.trial_id in stopped and setting.final not in trial.values:
            left = setting.final - max(trial.values, default=0)
            predicted_sd = stopped[trial.trial_id].sd
            yield Option(trial.real_ratio, trial.seed, left, trial.trial_id, predicted_sd)


def _more_seeds(setting: Setting, seeds: Sequence[int]) -> Iterator[Option]:
    ratios = {trial.real_ratio for trial in setting.trials}
    for real_ratio in sorted(ratios):
        used = {trial.seed for trial in setting.trials if trial.real_ratio == real_ratio}
        free = [seed for seed in seeds if seed not in used]
        after = max([*used, *seeds]) + 1
        for seed in [*free, *range(after, after + _MORE_SEEDS)][:_MORE_SEEDS]:
            yield Option(real_ratio, seed, setting.final)


def _new_ratios(setting: Setting, seeds: Sequence[int], low: float, high: float) -> Iterator[Option]:
    ratios = {trial.real_ratio for trial in setting.trials}
    for real_ratio in USUAL_RATIOS:
        apart = all(abs(real_ratio - own) > min(max(_APART * own, 0.01), 0.08) for own in ratios)
        if low <= real_ratio <= high and apart:
            for seed in seeds:
                yield Option(real_ratio, seed, setting.final)
