"""Everything that is fitted to a sweep: what report, MLflow and commands answer from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweep.analysis.sample import each_stands_for, sample_words, sampled
from sweep.analysis.settings import settings_of
from sweep.curves.crossings import Crossing, crossings
from sweep.curves.noise import Noise, noise_at
from sweep.curves.prediction import Prediction, predict_finals
from sweep.curves.ranks import RankAudit, rank_audits
from sweep.curves.ratio import (
    Effect,
    RatioCurve,
    corrected,
    effect_of,
    fit_ratio_curve,
    observations_at,
    verdict,
)
from sweep.curves.ratio.merged import merged, merged_words
from sweep.curves.trials import Setting
from sweep.ledger.state import SweepState
from sweep.results import metric_of, must_be_rung, provenance_words, rungs_of, supposed_noise


@dataclass(frozen=True, kw_only=True)
class Fits:
    """What is fitted to one setting."""

    setting: Setting
    predictions: Mapping[str, Prediction]
    """Final values of trials that did not come to their end, by trial id."""
    curve: RatioCurve | None
    """At the analysis' rung; None where no trial has a value there."""
    effect: Effect | None
    verdict: str
    crossings: tuple[Crossing, ...]
    ranks: tuple[RankAudit, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """A sweep's fits at one rung."""

    sweep: str
    metric: str
    provenance: str
    """Of the values that were fitted: measured or imported."""
    rung: int
    """That of the curves over real_ratio."""
    noises: Mapping[int, Noise]
    """By rung, over all arms of the sweep."""
    fits: tuple[Fits, ...]
    """One for every setting."""

    @property
    def noise(self) -> Noise:
        """At the rung."""
        return self.noises[self.rung]

    @property
    def has_curve(self) -> bool:
        """Whether any setting has a value at the rung."""
        return any(fits.curve is not None for fits in self.fits)

    @property
    def predictions(self) -> dict[str, Prediction]:
        """Final values by trial id, of all settings; of a trial that several share, as the first sees it."""
        every: dict[str, Prediction] = {}
        for fits in self.fits:
            every |= {trial_id: one for trial_id, one in fits.predictions.items() if trial_id not in every}
        return every


def analyse(state: SweepState, rung: int | None = None) -> Analysis:
    """The fits at a rung, by default the last one; predictions join only there.

    Raises ValueError if the iteration is no rung.
    """
    rungs = rungs_of(state)
    at = rungs[-1] if rung is None else rung
    must_be_rung(state, at)
    settings = settings_of(state)
    noises = {
        rung: noise_at(rung, rungs[-1], _all_arms(settings, rung), supposed_noise(state)) for rung in rungs
    }
    chosen = sampled(settings)
    left_out = sample_words(settings, chosen)
    predictions = [predict_finals(setting) for setting in chosen]
    curves = [
        _curve(setting, noises[at], known if at == rungs[-1] else {}, each_stands_for(setting, few))
        for setting, known, few in zip(settings, predictions, chosen, strict=True)
    ]
    effects = corrected([effect_of(curve) if curve else None for curve in curves])
    return Analysis(
        sweep=state.created.name,
        metric=metric_of(state),
        provenance=provenance_words(state),
        rung=at,
        noises=noises,
        fits=tuple(
            Fits(
                setting=setting,
                predictions=known,
                curve=curve,
                effect=effect,
                verdict=(verdict(curve, effect) if curve and effect else _no_curve(at))
                + left_out
                + merged_words(len(setting.values_at(at))),
                crossings=crossings(setting, noises, known),
                ranks=rank_audits(setting),
            )
            for setting, known, curve, effect in zip(settings, predictions, curves, effects, strict=True)
        ),
    )


def telling_rung(state: SweepState) -> int:
    """The last rung where two shares of real images have values, so that there is a curve; else the end."""
    settings, rungs = settings_of(state), rungs_of(state)
    curved = [rung for rung in rungs if any(_shares(setting, rung) > 1 for setting in settings)]
    return curved[-1] if curved else rungs[-1]


def _shares(setting: Setting, rung: int) -> int:
    return len({setting.real_ratio_of(arm) for arm in setting.values_at(rung)})


def _all_arms(settings: Sequence[Setting], rung: int) -> dict[str, dict[int, float]]:
    """The values at a rung of all arms, those that several settings share once."""
    return {arm: values for setting in settings for arm, values in setting.values_at(rung).items()}


def _curve(
    setting: Setting, noise: Noise, predictions: Mapping[str, Prediction], each_stands_for: float
) -> RatioCurve | None:
    """None where nothing is measured at the rung: predictions alone make no curve."""
    if not setting.values_at(noise.rung):
        return None
    observations = observations_at(setting, noise, predictions, each_stands_for)
    return fit_ratio_curve(merged(observations), noise)


def _no_curve(rung: int) -> str:
    return f"No trial has a value at iteration {rung}: nothing can be said of real_ratio there."
