"""The curve over real_ratio: an average over shapes, as draws that every answer is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from sweep.curves.noise import Noise
from sweep.curves.ratio.beyond import widened
from sweep.curves.ratio.observations import Observations
from sweep.curves.ratio.shapes import shapes
from sweep.curves.ratio.smoothers import Design, Smoother, process_smoothers, shape_smoother

GRID = np.unique(np.round([*np.arange(0, 0.1, 0.005), *np.arange(0.1, 1.0001, 0.01)], 4))
"""(m,) shares of real images at which curves are drawn."""

DRAWS = 4000

_TRUST = 0.6
"""Of differences in Akaike's criterion. They are estimates; taken in full, the favoured shape gets too much
weight, and bands are too narrow where a bend lies (docs/benchmarks.md)."""


@dataclass(frozen=True)
class RatioCurve:
    """What the values allow the curve of expected values to be."""

    grid: np.ndarray
    """(m,), rising; holds every real_ratio that was observed."""
    draws: np.ndarray
    """(s, m): equally likely curves, in percent."""
    weights: Mapping[str, float]
    """Of the families of shapes, summing to 1."""
    observations: Observations
    noise: Noise

    def at(self, real_ratio: float) -> np.ndarray:
        """(s,) draws of the curve at a share of real images."""
        right = int(np.clip(np.searchsorted(self.grid, real_ratio), 1, len(self.grid) - 1))
        low, high = self.grid[right - 1], self.grid[right]
        part = (real_ratio - low) / (high - low)
        return np.asarray((1 - part) * self.draws[:, right - 1] + part * self.draws[:, right])


def fit_ratio_curve(observations: Observations, noise: Noise) -> RatioCurve:
    """The average of all shapes that the values can tell, by Akaike weights (Burnham and Anderson 2002).

    The variance of the noise has the noise's degrees of freedom before the fit; what the shapes leave over
    adds to them. A draw takes a shape by its weight, then a curve from that shape's own uncertainty, so that
    the band is that of the average: one from the best shape alone would be too narrow.
    """
    grid = np.unique(np.concatenate([GRID, observations.real_ratio]))
    every = ratio_smoothers(observations, noise, grid)
    smoothers = [one for one in every if not _overshoots(one, observations, noise, grid)]
    scores, variances = _scores(smoothers, observations, noise)
    shares = _shares(smoothers, scores, _likelihoods(smoothers, observations, noise))
    random = np.random.default_rng(7)
    counts = random.multinomial(DRAWS, shares)
    draws = [
        _draw(smoother, observations.value, variance, freedom, count, random)
        for smoother, (variance, freedom), count in zip(smoothers, variances, counts, strict=True)
        if count
    ]
    weights: dict[str, float] = {}
    for smoother, share in zip(smoothers, shares, strict=True):
        weights[smoother.family] = weights.get(smoother.family, 0.0) + float(share)
    low, high = observations.real_ratio.min(), observations.real_ratio.max()
    curves = widened(grid, np.concatenate(draws), low, high)
    return RatioCurve(grid, curves, weights, observations, noise)


def ratio_smoothers(observations: Observations, noise: Noise, grid: np.ndarray) -> list[Smoother]:
    """Every shape with its bends in every place, and every Gaussian process; the flat one comes first."""
    ratios = np.unique(observations.real_ratio)
    design = Design(observations.real_ratio, observations.covariance / noise.sd**2, grid)
    fitted = (shape_smoother(shape, design) for shape in shapes(ratios[0], ratios[-1], len(ratios)))
    processes = process_smoothers(design) if len(ratios) > 2 else ()
    return [*(smoother for smoother in fitted if smoother), *processes]


def _overshoots(smoother: Smoother, observations: Observations, noise: Noise, grid: np.ndarray) -> bool:
    """Whether a fit rises far above, or falls far below, every value between two of them.

    Lines that meet at a bend in a wide gap fit the values on both sides, and claim a peak that none shows.
    """
    values = observations.value
    fitted = smoother.to_curve[observations.span(grid)] @ values
    slack = 2 * noise.sd + 0.1 * np.ptp(values)
    return bool(fitted.max() > values.max() + slack or fitted.min() < values.min() - slack)


def akaike(squares: np.ndarray, n: float, parameters: float) -> np.ndarray:
    """Akaike's criterion of fits to n values whose weighted squares sum up so.

    Without the correction for small samples, which is due where the residuals alone tell the noise: here
    replicates do (docs/decisions/0005).
    """
    return np.asarray(n * np.log(squares / n) + 2 * parameters)


def _scores(
    smoothers: list[Smoother], observations: Observations, noise: Noise
) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Akaike's criterion of each, and the variance that relative covariances are to be multiplied with."""
    n = len(observations.value) + noise.degrees_of_freedom
    known = noise.degrees_of_freedom * noise.sd**2
    scores, variances = [], []
    for smoother in smoothers:
        squares = known + float(((smoother.residual @ observations.value) ** 2).sum())
        freedom = n - smoother.degrees_lost
        scores.append(float(akaike(np.array(squares), n, smoother.parameters)))
        variances.append((squares / freedom, freedom))
    return np.array(scores), variances


def _likelihoods(smoothers: list[Smoother], observations: Observations, noise: Noise) -> np.ndarray:
    """Logarithms, comparable within a family; the variance of the noise is integrated out."""
    n, known = len(observations.value) + noise.degrees_of_freedom, noise.degrees_of_freedom * noise.sd**2
    squares = [known + float(((one.innovation @ observations.value) ** 2).sum()) for one in smoothers]
    determinants = np.array([one.log_determinant for one in smoothers])
    return np.asarray(-0.5 * (n * np.log(squares) + determinants))


def _shares(smoothers: list[Smoother], scores: np.ndarray, likelihoods: np.ndarray) -> np.ndarray:
    """A family weighs as its likeliest member; its members share that by their likelihoods."""
    families = np.array([smoother.family for smoother in smoothers])
    logarithms = np.zeros(len(smoothers))
    for family in set(families):
        own = families == family
        part = likelihoods[own] - logsumexp(likelihoods[own])
        logarithms[own] = part - 0.5 * _TRUST * scores[own][likelihoods[own].argmax()]
    return np.asarray(softmax(logarithms))


def _draw(
    smoother: Smoother,
    values: np.ndarray,
    variance: float,
    freedom: float,
    count: int,
    random: np.random.Generator,
) -> np.ndarray:
    """(count, m) curves of one shape: Student's t around its fit."""
    normal = random.standard_normal((count, smoother.root.shape[1]))
    scale = np.sqrt(variance * freedom / random.chisquare(freedom, count))
    return np.asarray(smoother.to_curve @ values + scale[:, None] * (normal @ smoother.root.T))
