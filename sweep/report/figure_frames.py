"""What the figures draw, as tidy tables: the page's own charts are drawn from them, and they are files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean
from typing import Any, cast

import pandas as pd

from sweep.analysis import Analysis, Fits
from sweep.curves.trials import TrialCurve
from sweep.ledger.state import SweepState
from sweep.results import comparable, metric_of, provenance_of, rungs_of

_TRIAL = ("sweep", "setting", "kind", "arm", "trial_id", "seed", "real_ratio", "judged_by", "iteration")
_VALUE = ("value", "lower", "upper", "status", "provenance")


def ratio_points(state: SweepState, analysis: Analysis) -> pd.DataFrame:
    """The points of the curve over real_ratio, at the analysis' rung.

    `kind` is `mean` of an arm, `trial`, or `predicted`; a mean has neither trial nor seed, and `lower` to
    `upper`, in percent, is the 90 % interval of what is predicted. `provenance` of a mean that rests on
    several is `measured and imported`, or the like.
    """
    rows = [row for fits in analysis.fits for row in _points_of(state, analysis, fits)]
    return _typed(pd.DataFrame(rows, columns=[*_TRIAL, *_VALUE]))


def learning_points(state: SweepState, analysis: Analysis) -> pd.DataFrame:
    """Every report of every trial that may be compared, `kind` `report`; then predicted ends, `predicted`.

    `is_rung` marks iterations at which trials are compared. A trial that several settings share is there
    once, and `setting` is left out.
    """
    rungs, metric = set(rungs_of(state)), metric_of(state)
    rows = []
    for trial in comparable(state).trials.values():
        common = {
            **_identity(state, analysis, trial.trial_id),
            "kind": "report",
            "status": trial.status,
            "provenance": provenance_of(state, trial),
        }
        for iteration in sorted(trial.reports):
            value = trial.reports[iteration].metrics.get(metric, math.nan)
            rows.append({**common, "iteration": iteration, "is_rung": iteration in rungs, "value": value})
    for trial_id, found in analysis.predictions.items():
        rows.append(
            {
                **_identity(state, analysis, trial_id),
                "kind": "predicted",
                "iteration": rungs_of(state)[-1],
                "is_rung": True,
                "value": found.expected,
                "lower": found.lower,
                "upper": found.upper,
                "status": state.trials[trial_id].status,
                "provenance": found.provenance,
            }
        )
    columns = [name for name in _TRIAL if name != "setting"]
    return _typed(pd.DataFrame(rows, columns=[*columns, "is_rung", *_VALUE]))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Seeds are whole numbers, though means have none; numbers stay numbers where all are missing."""
    return frame.astype({"seed": "Int64", "value": float, "lower": float, "upper": float})


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A dict a row, by the names of its columns."""
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def _points_of(state: SweepState, analysis: Analysis, fits: Fits) -> Iterator[dict[str, Any]]:
    arms: dict[str, list[TrialCurve]] = {}
    for trial in fits.setting.trials:
        if analysis.rung in trial.values:
            arms.setdefault(trial.arm, []).append(trial)
    for arm, trials in arms.items():
        yield _mean(state, analysis, fits, arm, trials)
        for trial in trials:
            own = state.trials[trial.trial_id]
            yield {
                **_identity(state, analysis, trial.trial_id),
                "setting": fits.setting.words,
                "kind": "trial",
                "iteration": analysis.rung,
                "value": trial.values[analysis.rung],
                "status": own.status,
                "provenance": provenance_of(state, own),
            }
    if analysis.rung == fits.setting.final:
        yield from _predicted(state, analysis, fits)


def _mean(
    state: SweepState, analysis: Analysis, fits: Fits, arm: str, trials: list[TrialCurve]
) -> dict[str, Any]:
    provenances = {provenance_of(state, state.trials[trial.trial_id]) for trial in trials}
    return {
        "sweep": analysis.sweep,
        "setting": fits.setting.words,
        "kind": "mean",
        "arm": arm,
        "trial_id": "",
        "real_ratio": trials[0].real_ratio,
        "judged_by": analysis.metric,
        "iteration": analysis.rung,
        "value": fmean(trial.values[analysis.rung] for trial in trials),
        "status": f"{len(trials)} seed{'s' * (len(trials) != 1)}",
        "provenance": " and ".join(sorted(provenances, reverse=True)),
    }


def _predicted(state: SweepState, analysis: Analysis, fits: Fits) -> Iterator[dict[str, Any]]:
    for trial_id, found in fits.predictions.items():
        yield {
            **_identity(state, analysis, trial_id),
            "setting": fits.setting.words,
            "kind": "predicted",
            "iteration": analysis.rung,
            "value": found.expected,
            "lower": found.lower,
            "upper": found.upper,
            "status": state.trials[trial_id].status,
            "provenance": found.provenance,
        }


def _identity(state: SweepState, analysis: Analysis, trial_id: str) -> dict[str, Any]:
    planned = state.trials[trial_id].planned
    return {
        "sweep": analysis.sweep,
        "arm": planned.arm,
        "trial_id": trial_id,
        "seed": planned.seed,
        "real_ratio": float(planned.parameters["real_ratio"]),
        "judged_by": analysis.metric,
    }
