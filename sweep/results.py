"""Tidy tables of everything that a sweep has measured.

Every table names its trials by the same leading columns, so that tables can be joined: `sweep`, `trial_id`,
`arm`, a column for every searched parameter by its dotted path, `seed`. The last columns say what may be
compared with what: `protocol_id`, `regime_id`, `provenance`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweep.ledger.events import TrialReported
from sweep.ledger.state import Provenance, SweepState, TrialState
from sweep.plan import is_control
from trainables.contract.iou import iou_percent
from trainables.contract.training import EQUAL_ITERATIONS

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("val_miou", "val_macc", "val_aacc", "train_loss")
_MIXTURE = (
    "realised_real_ratio",
    "real_images",
    "generated_images",
    "distinct_real",
    "distinct_generated",
    "real_passes",
    "generated_passes",
)


def trial_table(state: SweepState) -> pd.DataFrame:
    """A row a trial, in the order of the plan: status, why it ended, and what it has consumed.

    Images are counted with repeats, distinct ones and passes without; all as of the last report, NaN before
    any. `seconds` are those of training and validating.
    """
    identity = _identities(state)
    rows = [
        {
            **identity[trial.trial_id],
            "status": trial.status,
            "reason": _reason(trial),
            "iteration": trial.iteration,
            **_consumed(trial),
            "seconds": trial.seconds,
            **comparability(state, trial),
        }
        for trial in state.trials.values()
    ]
    return _table(state, rows, ("status", "reason", "iteration", *_MIXTURE, "seconds"))


def report_table(state: SweepState) -> pd.DataFrame:
    """A row for every validation of every trial; metrics in percent, `train_loss` as it is.

    `is_rung` marks the iterations at which trials are compared.
    """
    identity, rungs = _identities(state), rungs_of(state)
    rows = [
        {
            **identity[trial.trial_id],
            "iteration": report.iteration,
            "is_rung": report.iteration in rungs,
            **{metric: report.metrics.get(metric, math.nan) for metric in METRICS},
            "seconds": report.seconds,
            **comparability(state, trial),
        }
        for trial, report in _reports(state)
    ]
    return _table(state, rows, ("iteration", "is_rung", *METRICS, "seconds"))


def class_table(state: SweepState) -> pd.DataFrame:
    """A row for every class of every validation: pixel counts, and `iou` in percent.

    `iou` is NaN for a class that is neither in the labels nor in the predictions.
    """
    identity, classes = _identities(state), state.created.spec["data"]["classes"]
    rows = [
        {
            **identity[trial.trial_id],
            "iteration": report.iteration,
            "class": name,
            **counts,
            **comparability(state, trial),
        }
        for trial, report in _reports(state)
        for name, counts in zip(classes, _class_counts(report), strict=False)
    ]
    return _table(state, rows, ("iteration", "class", "iou", "intersection", "union"))


def rungs_of(state: SweepState) -> tuple[int, ...]:
    """The iterations at which trials are compared, rising; the last iteration is the last of them."""
    return state.rungs


def must_be_rung(state: SweepState, iteration: int) -> None:
    """Nothing. Raises ValueError if trials are not compared there: not all of them were measured."""
    if iteration not in rungs_of(state):
        known = ", ".join(map(str, rungs_of(state)))
        raise ValueError(f"rung is {iteration}; the rungs of sweep {state.created.name!r} are: {known}")


def newest_rung(state: SweepState) -> int:
    """The last rung that any trial has reached; the first one before that."""
    rungs = rungs_of(state)
    reached = {iteration for trial in comparable(state).trials.values() for iteration in trial.reports}
    return max(reached.intersection(rungs), default=rungs[0])


def supposed_noise(state: SweepState) -> float:
    """The seed-to-seed sd that the spec supposes, in points of percent."""
    return float(state.created.spec["early_stopping"]["noise_sd"])


def metric_of(state: SweepState) -> str:
    """The metric that trials are judged by, such as `val_miou`; more is better."""
    return str(state.created.spec["search"]["metric"])


def fairness_of(state: SweepState) -> str:
    """What is equal for all shares of real images; an imported file does not say."""
    return str(state.created.spec["training"].get("fairness", EQUAL_ITERATIONS))


def comparable(state: SweepState) -> SweepState:
    """The same sweep with nothing but what may be compared, ranked and fitted: without its controls, and
    without imported trials that `SweepState.why_apart` keeps apart."""
    left = {
        name: trial
        for name, trial in state.trials.items()
        if not is_control_trial(trial) and state.why_apart(trial) is None
    }
    return replace(state, trials=left)


def is_control_trial(trial: TrialState) -> bool:
    """Whether the trial tests the sweep itself and is no result of it."""
    return is_control(trial.planned.parameters)


def parameters_of(state: SweepState) -> tuple[str, ...]:
    """Dotted paths of all parameters, `real_ratio` first; `control` is one where there are controls."""
    paths = {path: None for trial in state.trials.values() for path in trial.planned.parameters}
    return ("real_ratio", *(path for path in paths if path != "real_ratio"))


def baseline_arms(state: SweepState) -> dict[str, Mapping[str, Any]]:
    """Parameters of the baseline by the name of the arm; several arms where the spec names only some keys.

    A parameter that an arm does not have, because it has no effect there, fits any value.
    """
    wanted = state.created.spec["baseline"]
    trials = comparable(state).trials.values()
    arms = {trial.arm: trial.planned.parameters for trial in trials}
    return {
        arm: given
        for arm, given in arms.items()
        if all(given.get(path, value) == value for path, value in wanted.items())
    }


def reference_of(
    arm: str, parameters: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """The baseline arm to compare with: itself, the only one, or the only one that agrees in all else."""
    if arm in baselines:
        return arm
    agreeing = [
        name
        for name, own in baselines.items()
        if len(baselines) == 1 or _agree_but_for_ratio(parameters, own)
    ]
    return agreeing[0] if len(agreeing) == 1 else None


def _agree_but_for_ratio(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    shared = (set(left) & set(right)) - {"real_ratio"}
    return all(left[path] == right[path] for path in shared)


def parameter_columns(state: SweepState) -> dict[str, dict[str, Any]]:
    """The searched parameters of every trial, by trial id: values that a column of a file can hold."""
    columns = {path: _parameter_values(state, path) for path in parameters_of(state)}
    return {
        trial_id: {path: values[trial_id] for path, values in columns.items()} for trial_id in state.trials
    }


def comparability(state: SweepState, trial: TrialState) -> dict[str, str]:
    """The trailing columns: rows that differ in one of the ids must not be ranked together."""
    ids = trial.imported or state.created
    return {
        "protocol_id": ids.protocol_id,
        "regime_id": ids.regime_id,
        "provenance": provenance_of(state, trial),
    }


def provenance_of(state: SweepState, trial: TrialState) -> Provenance:
    """Of the trial's reports."""
    return state.provenance if trial.imported is None else "imported"


def provenance_words(state: SweepState) -> str:
    """Of all that may be compared, as `imported and measured`."""
    known = {provenance_of(state, trial) for trial in comparable(state).trials.values()}
    return " and ".join(sorted(known)) or state.provenance


def _identities(state: SweepState) -> dict[str, dict[str, Any]]:
    """The leading columns of every trial, by trial id."""
    parameters = parameter_columns(state)
    return {
        trial.trial_id: {
            "sweep": state.created.name,
            "trial_id": trial.trial_id,
            "arm": trial.arm,
            **parameters[trial.trial_id],
            "seed": trial.planned.seed,
        }
        for trial in state.trials.values()
    }


def _parameter_values(state: SweepState, path: str) -> dict[str, Any]:
    """A parameter by trial id: all numbers or all text, as a column of a file must be; None where absent."""
    values = {trial.trial_id: trial.planned.parameters.get(path) for trial in state.trials.values()}
    given = [value for value in values.values() if value is not None]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return values
    return {
        trial_id: value if value is None or isinstance(value, str) else json.dumps(value)
        for trial_id, value in values.items()
    }


def _reports(state: SweepState) -> Iterator[tuple[TrialState, TrialReported]]:
    for trial in state.trials.values():
        for iteration in sorted(trial.reports):
            yield trial, trial.reports[iteration]


def _reason(trial: TrialState) -> str:
    """Why the trial ended or waits, or why its last attempt broke off."""
    if trial.ended:
        return trial.ended.reason
    if trial.status == "paused":
        return trial.judged[max(trial.judged)].reason
    return trial.faults[-1].reason if trial.faults else ""


def _consumed(trial: TrialState) -> dict[str, Any]:
    mixture = trial.reports[max(trial.reports)].mixture if trial.reports else {}
    if not consumed_any(mixture):  # nothing was reported yet, or it was imported or replayed
        return dict.fromkeys(_MIXTURE, math.nan)
    return {
        **{key: mixture[key] for key in _MIXTURE},
        "generated_images": sum(mixture["generated_images"].values()),
    }


def consumed_any(mixture: Mapping[str, Any]) -> bool:
    """Whether a report tells of images that a train step consumed; a replay's tells of none."""
    return bool(mixture) and mixture["real_images"] + sum(mixture["generated_images"].values()) > 0


def _class_counts(report: TrialReported) -> Iterator[dict[str, float]]:
    intersections, predictions, labels = (
        report.counts[key] for key in ("intersection", "prediction", "label")
    )
    ious = iou_percent(intersections, predictions, labels)
    for iou, intersection, predicted, labelled in zip(ious, intersections, predictions, labels, strict=True):
        yield {"iou": iou, "intersection": intersection, "union": predicted + labelled - intersection}


def _table(state: SweepState, rows: Sequence[Mapping[str, Any]], own_columns: Sequence[str]) -> pd.DataFrame:
    """The rows with their columns in order, which an empty table has too."""
    identity = ("sweep", "trial_id", "arm", *parameters_of(state), "seed")
    columns = (*identity, *own_columns, "protocol_id", "regime_id", "provenance")
    import pandas as pd  # half a second, which those who only ask what may be compared need not wait for

    return pd.DataFrame(rows, columns=list(columns))
