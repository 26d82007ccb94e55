"""What trials that have not finished will measure at the end of their training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sweep.curves.prediction.calibration import calibration_words, half_width_in_sds
from sweep.curves.prediction.guess import guess_without, guesses
from sweep.curves.prediction.joint import JointModel, joint_model
from sweep.curves.prediction.observed import Floats, Observed, observed
from sweep.curves.prediction.table import Table, bundled_table
from sweep.curves.trials import Setting

SDS_OF_HALF_WIDTH = 1.645
"""Half the width of a 90 % interval in standard deviations of a normal distribution."""


@dataclass(frozen=True)
class Prediction:
    """What a trial is expected to measure at the end of its training; never a measurement."""

    trial_id: str
    real_ratio: float
    expected: float
    """In the metric's unit, percent."""
    lower: float
    upper: float
    """90 % predictive interval of the value that would be measured, the trial's own noise included."""
    sd: float
    """Half the interval's width / 1.645."""
    shared_sd: float
    """The part of sd that all predictions of the setting have in common, 0..sd: the root of their mean
    covariance; 0 for an only prediction."""
    calibration: str
    """In words: what the width rests on."""
    methods: Mapping[str, float]
    """Weight of each method in the expected value; they sum to 1."""
    provenance: str = "predicted"


def predict_finals(setting: Setting, table: Table | None = None) -> dict[str, Prediction]:
    """By trial_id, the final value of each trial with a finite value at a rung but none at the end.

    All trials of the setting are seen together (joint.py), with a power law beside from three points on
    (pow3.py); the interval is as wide as past errors demand (calibration.py). Deterministic. `table` stands
    in for the package's: a benchmark leaves a task out.
    """
    table = table or bundled_table()
    points, unit = _in_sane_units(observed(setting))
    targets = np.setdiff1d(points.trials, np.flatnonzero(points.finished))
    if not len(targets):
        return {}
    model = joint_model(points, table.kernels, table.common)
    found, covariance_MM = guesses(model, targets)
    shared_variance = _mean_covariance(covariance_MM)
    last = {int(index): float(points.fractions[points.points_of(index)].max()) for index in targets}
    widths = {fraction: _width(model, table, fraction) for fraction in set(last.values())}
    predictions = {}
    for index, guess in zip(targets.tolist(), found, strict=True):
        trial, width = setting.trials[index], widths[last[index]]
        half = width.sds * guess.sd * unit
        predictions[trial.trial_id] = Prediction(
            trial_id=trial.trial_id,
            real_ratio=trial.real_ratio,
            expected=guess.expected * unit,
            lower=guess.expected * unit - half,
            upper=guess.expected * unit + half,
            sd=half / SDS_OF_HALF_WIDTH,
            shared_sd=min(np.sqrt(shared_variance) / guess.sd, 1.0) * half / SDS_OF_HALF_WIDTH,
            calibration=width.words,
            methods=guess.methods,
        )
    return predictions


class _Width(NamedTuple):
    sds: float
    """Half an interval's width in sds of the joint model."""
    words: str


def _width(model: JointModel, table: Table, fraction: float) -> _Width:
    own = _own_errors(model, fraction)
    recorded = table.errors_at(fraction, any_finished=bool(model.points.finished.any()))
    earliest = min(one.fraction for one in table.errors)
    return _Width(
        half_width_in_sds(recorded, own), calibration_words(table.version, len(own), fraction, earliest)
    )


def _own_errors(model: JointModel, fraction: float) -> Floats:
    """|error| / sd of each finished trial, its final guessed from its points up to `fraction`."""
    errors = []
    for trial in np.flatnonzero(model.points.finished):
        guess = guess_without(model, int(trial), fraction)
        if guess:
            final = model.points.values[model.points.points_of(int(trial))[-1]]
            errors.append(abs(final - guess.expected) / guess.sd)
    return np.array(errors)


def _mean_covariance(covariance_MM: Floats) -> float:
    """Between two predictions, on average; 0 if there is but one or they are opposed."""
    pairs = len(covariance_MM) * (len(covariance_MM) - 1)
    return max(float(covariance_MM.sum() - np.trace(covariance_MM)) / pairs, 0.0) if pairs else 0.0


def _in_sane_units(points: Observed) -> tuple[Observed, float]:
    """Values in percent as they are; what no percentage can be is scaled, lest a square overflow."""
    if not len(points.values):
        return points, 1.0
    unit = max(float(np.ptp(points.values)) / 100, float(np.abs(points.values).max()) / 1e6, 1.0)
    return replace(points, values=points.values / unit), unit
