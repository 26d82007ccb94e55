"""Which trials would narrow the curve most where it matters, for what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.curves.ratio.answers import good_from
from sweep.curves.ratio.fit import RatioCurve

_NEAR = 0.04
"""Width of the stretch around a curve's optimum or threshold in which values matter."""

_ANYWHERE = "where the curve is least known"


@dataclass(frozen=True)
class Option:
    """A trial that could be run."""

    real_ratio: float
    seed: int
    iterations: int
    """That would be trained."""
    continues: str | None = None
    """Id of the stopped trial that would go on."""
    predicted_sd: float | None = None
    """Of what is predicted of that trial, and known without it; in points."""


@dataclass(frozen=True)
class Proposal:
    """An option that is worth its cost."""

    option: Option
    gain: float
    """By what part the variance of the curve falls where it matters, 0..1, given the proposals before it."""
    why: str


def propose(
    curve: RatioCurve,
    options: Sequence[Option],
    iterations: float,
    loss: float = 1.0,
    pending: Sequence[Option] = (),
) -> tuple[Proposal, ...]:
    """Options in the order in which they should be run, for at most so many iterations in all.

    Each is the one with the most gain per iteration once those before it are in (Cohn 1996, Neural network
    exploration using optimal experiment design: the expected fall of the mean variance). While the noise is
    a prior, a second seed of the two ends comes before all else.

    Args:
        loss: how far below all-real is still good enough, in points.
        pending: the trials that are being run already, and will come to their end.
    """
    places = _places_that_matter(curve, loss)
    weights = np.mean(list(places.values()), axis=0)
    covariance = _covariance(curve.draws)
    for option in pending:
        covariance -= _learnt(curve, covariance, option.real_ratio, _variance_of_news(curve, option))
    left, chosen = list(options), list[Proposal]()
    while affordable := [option for option in left if option.iterations <= iterations]:
        gains = {option: _gain(curve, covariance, option, weights) for option in affordable}
        first = _seeds_of_the_ends(
            curve, affordable, [one.real_ratio for one in (*pending, *(done.option for done in chosen))]
        )
        best = max(first or affordable, key=lambda option: gains[option] / option.iterations)
        why = "tells the noise, which is supposed so far" if first else _why(curve, places, best)
        chosen.append(Proposal(best, gains[best], why))
        covariance -= _learnt(curve, covariance, best.real_ratio, _variance_of_news(curve, best))
        iterations -= best.iterations
        left.remove(best)
    return tuple(chosen)


def _covariance(draws: np.ndarray) -> np.ndarray:
    """(m, m), of draws (s, m) without their outermost: few seeds leave tails that have no variance."""
    return np.asarray(np.cov(np.clip(draws, *np.quantile(draws, [0.02, 0.98], axis=0)), rowvar=False))


def _places_that_matter(curve: RatioCurve, loss: float) -> Mapping[str, np.ndarray]:
    """(m,) weights of the grid by what makes values matter there, each summing to 1."""
    spacing = np.gradient(np.log(curve.grid + 0.02))
    return {
        _ANYWHERE: spacing / spacing.sum(),
        "near the optimum": _density(curve.grid, curve.draws.argmax(axis=1)),
        f"near the least share within {loss:g} of all-real": _density(
            curve.grid, good_from(curve.draws, loss)
        ),
    }


def _density(grid: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(m,) how many of the places, indices of the grid, lie near each of its points; sums to 1."""
    counts = np.bincount(places, minlength=len(grid))
    near = np.exp(-0.5 * ((grid[:, None] - grid[None, :]) / _NEAR) ** 2)
    density = (near @ counts) * np.gradient(grid)
    return np.asarray(density / density.sum())


def _gain(curve: RatioCurve, covariance: np.ndarray, option: Option, weights: np.ndarray) -> float:
    before = float(np.diag(covariance) @ weights)
    learnt = _learnt(curve, covariance, option.real_ratio, _variance_of_news(curve, option))
    return float(np.diag(learnt) @ weights) / before if before > 0 else 0.0


def _variance_of_news(curve: RatioCurve, option: Option) -> float:
    """Variance of a value that would tell what the option adds to what is known.

    Of a stopped trial a part is known already, as its prediction: information is the reciprocal of variance.
    """
    noise = curve.noise.sd**2
    if option.predicted_sd is None:
        return noise
    news = 1 / noise - 1 / option.predicted_sd**2
    return 1 / news if news > 0 else np.inf


def _learnt(curve: RatioCurve, covariance: np.ndarray, real_ratio: float, variance: float) -> np.ndarray:
    """(m, m), by what a value at this share, with this variance of its own, lowers the covariance."""
    place = int(np.abs(curve.grid - real_ratio).argmin())
    own = covariance[place]
    return np.asarray(np.outer(own, own) / (own[place] + variance))


def _seeds_of_the_ends(
    curve: RatioCurve, options: Sequence[Option], in_hand: Sequence[float]
) -> list[Option]:
    """Options that repeat the least or the largest share, if the noise is unknown and will stay so."""
    if curve.noise.source == "measured":
        return []
    ends = set(curve.observations.range) - set(in_hand)
    return [option for option in options if option.real_ratio in ends and option.continues is None]


def _why(curve: RatioCurve, places: Mapping[str, np.ndarray], option: Option) -> str:
    place = int(np.abs(curve.grid - option.real_ratio).argmin())
    where = max(places, key=lambda reason: places[reason][place])
    if option.continues:
        return f"goes on from where it is, {where}"
    known = np.any(np.isclose(curve.observations.real_ratio, option.real_ratio))
    return f"{'another seed' if known else 'a new share of real images'} {where}"
