"""Other ways to foretell a final value, each with the interval it comes with; none is used by the package."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student

from sweep.curves.trials import Setting, TrialCurve

NORMAL_90 = 1.645


class Guess(NamedTuple):
    """A final value with a 90 % interval (NaN where the method has none)."""

    expected: float
    lower: float
    upper: float


def last_value(setting: Setting) -> dict[str, Guess]:
    """What was measured last."""
    return {trial.trial_id: Guess(_last(trial), math.nan, math.nan) for trial in _unfinished(setting)}


def last_value_plus_offset(setting: Setting) -> dict[str, Guess]:
    """What was measured last and the mean gain of finished trials from there; interval by Student's t."""
    guesses = {}
    for trial in _unfinished(setting):
        rung = max(trial.values)
        gains = [
            one.values[setting.final] - one.values[rung]
            for one in setting.trials
            if {rung, setting.final} <= one.values.keys()
        ]
        gain = float(np.mean(gains)) if gains else 0.0
        half = math.nan
        if len(gains) > 1:
            half = student.ppf(0.95, len(gains) - 1) * np.std(gains, ddof=1) * math.sqrt(1 + 1 / len(gains))
        guesses[trial.trial_id] = Guess(
            _last(trial) + gain, _last(trial) + gain - half, _last(trial) + gain + half
        )
    return guesses


def pow3(setting: Setting) -> dict[str, Guess]:
    """a - c t^-alpha through the trial's own points."""
    return _own_curves(setting, lambda s, c, rate: -c * s ** -_steepness(rate), (2.0, math.log(0.7)))


def exp3(setting: Setting) -> dict[str, Guess]:
    """a - c exp(-k t) through the trial's own points."""
    return _own_curves(setting, lambda s, c, rate: -c * np.exp(-_steepness(rate) * s), (10.0, math.log(4.0)))


def latent_kronecker_gp(setting: Setting) -> dict[str, Guess]:
    """BoTorch's LatentKroneckerGP over log(real_ratio + 0.05) and log iteration, fitted as documented."""
    import torch
    from botorch.exceptions.warnings import BotorchWarning
    from botorch.fit import fit_gpytorch_mll
    from botorch.models.latent_kronecker_gp import LatentKroneckerGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.manual_seed(0)
    values = np.array([[one.values.get(rung, math.nan) for rung in setting.rungs] for one in setting.trials])
    ratios = torch.tensor([[math.log1p(20 * one.real_ratio)] for one in setting.trials], dtype=torch.float64)
    ratios /= math.log1p(20)
    times = np.log(np.array(setting.rungs) / setting.rungs[0]) / np.log(setting.final / setting.rungs[0])
    model = LatentKroneckerGP(ratios, torch.tensor(times)[:, None], torch.tensor(values))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BotorchWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        posterior = model.posterior(ratios)
        # This posterior is on the standardised scale and without the noise of a measurement.
        scale = model.outcome_transform.stdvs.item()
        means = posterior.mean.detach().numpy().reshape(values.shape)[:, -1] * scale
        means += model.outcome_transform.means.item()
        variances = posterior.variance.detach().numpy().reshape(values.shape)[:, -1]
    sds = np.sqrt(np.maximum(variances, 0) + model.likelihood.noise.item()) * scale
    by_id = {one.trial_id: (mean, sd) for one, mean, sd in zip(setting.trials, means, sds, strict=True)}
    return {one.trial_id: _normal(*by_id[one.trial_id]) for one in _unfinished(setting)}


RIVALS: dict[str, Callable[[Setting], dict[str, Guess]]] = {
    "last value": last_value,
    "last value + offset": last_value_plus_offset,
    "pow3": pow3,
    "exp3": exp3,
    "LatentKroneckerGP": latent_kronecker_gp,
}


def _unfinished(setting: Setting) -> list[TrialCurve]:
    return [one for one in setting.trials if one.values and setting.final not in one.values]


def _last(trial: TrialCurve) -> float:
    return trial.values[max(trial.values)]


def _normal(mean: float, sd: float) -> Guess:
    return Guess(float(mean), float(mean - NORMAL_90 * sd), float(mean + NORMAL_90 * sd))


def _steepness(log_rate: float) -> float:
    return math.exp(min(log_rate, 4.0))


def _own_curves(
    setting: Setting,
    shape: Callable[[np.ndarray, float, float], np.ndarray],
    centre: tuple[float, float],
    noise: float = 0.5,
) -> dict[str, Guess]:
    """Each trial's a + shape(t; c, rate) at the end; weak normal priors, delta-method interval."""
    guesses = {}
    for trial in _unfinished(setting):
        fractions = np.array(sorted(trial.values)) / setting.final
        values = np.array([trial.values[rung] for rung in sorted(trial.values)])

        def residuals(theta, s=fractions, y=values):
            priors = (theta[0] - y[-1]) / 20, (theta[1] - centre[0]) / centre[0], (theta[2] - centre[1]) / 0.7
            return np.r_[(theta[0] + shape(s, theta[1], theta[2]) - y) / noise, priors]

        fit = least_squares(residuals, x0=[values[-1], *centre])
        one = np.ones(1)
        end = float(fit.x[0] + shape(one, *fit.x[1:])[0])
        slope = np.array([1.0, 0.0, 0.0])
        for k in (1, 2):
            step = np.zeros(3)
            step[k] = 1e-5
            slope[k] = ((fit.x[0] + shape(one, *(fit.x + step)[1:])[0]) - end) / 1e-5
        variance = slope @ np.linalg.solve(fit.jac.T @ fit.jac, slope) + noise**2
        guesses[trial.trial_id] = _normal(end, math.sqrt(variance))
    return guesses
