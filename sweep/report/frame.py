"""The comparisons of all rungs as one tidy table for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sweep.ledger.state import SweepState
from sweep.report.tables import ArmRow, FairTable, fair_tables
from sweep.results import comparable, parameter_columns, parameters_of, provenance_of

_NUMBERS = (
    *("mean_val_miou", "sd_val_miou", "mean_val_aacc", "sd_val_aacc"),
    *("difference", "difference_low", "difference_high", "p_value", "p_adjusted", "noise_sd"),
)


def fair_frame(state: SweepState) -> pd.DataFrame:
    """A row for every rung and arm, the last rung first; `iteration` names the rung.

    Metrics and differences in percent points. `difference_low` and `difference_high` bound the 95 % interval
    that holds for all arms at the rung at once, and `p_adjusted` is corrected likewise; `p_value` is not.
    `noise_source` is `measured`, or `prior` where no arm has two differing seeds: that shows no difference.
    """
    state = comparable(state)
    by_trial = parameter_columns(state)
    parameters = {trial.arm: by_trial[trial.trial_id] for trial in state.trials.values()}
    created = state.created
    ids = {"protocol_id": created.protocol_id, "regime_id": created.regime_id}
    provenances = _provenances(state)
    records = [
        {**arm_record(table, row, parameters[row.arm]), **ids, "provenance": provenances[row.arm]}
        for table in fair_tables(state)
        for row in table.rows
    ]
    frame = pd.DataFrame(records, columns=_columns(parameters_of(state)))
    return frame.astype(
        dict.fromkeys(_NUMBERS, float)
    )  # None becomes NaN even where a column has nothing else


def _provenances(state: SweepState) -> dict[str, str]:
    """Of the reports by arm: `imported and measured` where it has both."""
    found: dict[str, set[str]] = {}
    for trial in state.trials.values():
        found.setdefault(trial.arm, set()).add(provenance_of(state, trial))
    return {arm: " and ".join(sorted(own)) for arm, own in found.items()}


def _columns(paths: Sequence[str]) -> list[str]:
    return [
        *("sweep", "iteration", "arm", *paths, "n_seeds", "n_planned_seeds"),
        *("mean_val_miou", "sd_val_miou", "mean_val_aacc", "sd_val_aacc"),
        *("is_baseline", "baseline", "judged_by", "difference", "difference_low", "difference_high"),
        *("p_value", "p_adjusted", "noise_sd", "noise_source", "rank", "status"),
        *("protocol_id", "regime_id", "provenance"),
    ]


def arm_record(table: FairTable, row: ArmRow, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of one arm at one rung; those of the difference are left out where there is none."""
    return {
        "sweep": table.sweep,
        "iteration": table.rung,
        "arm": row.arm,
        **parameters,
        "n_seeds": row.seeds,
        "n_planned_seeds": row.planned_seeds,
        "mean_val_miou": row.miou.mean,
        "sd_val_miou": row.miou.sd,
        "mean_val_aacc": row.aacc.mean,
        "sd_val_aacc": row.aacc.sd,
        "is_baseline": row.is_baseline,
        "baseline": row.baseline,
        "judged_by": table.metric,
        **_difference(row),
        "noise_sd": table.noise.sd,
        "noise_source": table.noise.source,
        "rank": row.rank,
        "status": row.status,
    }


def _difference(row: ArmRow) -> dict[str, float]:
    found = row.difference
    if found is None:
        return {}
    low, high = found.simultaneous_interval
    return {
        "difference": found.value,
        "difference_low": low,
        "difference_high": high,
        "p_value": found.p_value,
        "p_adjusted": found.p_adjusted,
    }
