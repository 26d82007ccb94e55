"""Fewer observations that say nearly the same."""

from __future__ import annotations

import numpy as np

from sweep.curves.ratio.observations import Observations

MOST_MEASURED = 100


def merged_words(arms: int) -> str:
    """What becomes of the values of so many arms; empty if nothing does."""
    if arms <= MOST_MEASURED:
        return ""
    return f" The values of {arms} arms were merged with their neighbours' into {MOST_MEASURED}."


def merged(observations: Observations, most: int = MOST_MEASURED) -> Observations:
    """The same where no more than `most` values are measured, as in nearly all sweeps.

    Else neighbours on the axis become one value, weighted by their precision, at their likewise weighted
    share of real images; the first and the last share stay as they are. Predictions stay.
    """
    own = np.flatnonzero(observations.measured)
    if len(own) <= most:
        return observations
    order = own[np.argsort(observations.real_ratio[own], kind="stable")]
    groups = [order[:1], *np.array_split(order[1:-1], most - 2), order[-1:]]
    weights = np.zeros((most, len(observations.value)))
    precision = 1 / np.diag(observations.covariance)
    for row, group in enumerate(groups):
        weights[row, group] = precision[group] / precision[group].sum()
    others = np.flatnonzero(~observations.measured)
    weights = np.vstack([weights, np.eye(len(observations.value))[others]])
    return Observations(
        real_ratio=weights @ observations.real_ratio,
        value=weights @ observations.value,
        covariance=weights @ observations.covariance @ weights.T,
        measured=np.arange(len(weights)) < most,
    )
