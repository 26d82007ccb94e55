"""The comparison at a rung for machines: plain values under names that stay. docs/json.md lists them."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from sweep.ledger.state import SweepState, TrialState
from sweep.report.audit import Audit, Evidence, RanOn, audit
from sweep.report.controls import controls_json
from sweep.report.fits_json import noise_json
from sweep.report.frame import arm_record
from sweep.report.imported import apart_lines
from sweep.report.tables import ArmRow, FairTable, fair_table
from sweep.report.verdict import notes, verdict
from sweep.results import comparable, provenance_words, rungs_of

_OF_AN_ARM = (
    *("is_baseline", "baseline", "rank", "status", "n_seeds", "n_planned_seeds"),
    *("mean_val_miou", "sd_val_miou", "mean_val_aacc", "sd_val_aacc"),
    *("difference", "difference_low", "difference_high", "p_value", "p_adjusted"),
)


def comparison(state: SweepState, rung: int) -> dict[str, Any]:
    """All that the comparison at a rung says; None stands for NaN. Raises ValueError if it is no rung."""
    table = fair_table(state, rung)
    trials = comparable(state).trials.values()
    return {
        "sweep": table.sweep,
        "iteration": rung,
        "rungs": list(rungs_of(state)),
        "controls": controls_json(state),
        "judged_by": table.metric,
        "baselines": list(table.baselines),
        "noise": noise_json(table.noise),
        "paired_by_seed": table.differences.paired,
        "arms": [_arm(table, row) for row in table.rows],
        "absent": [_fate(trial) for trial in trials if rung not in trial.reports],
        "early_stopping": audit_json(audit(state)),
        "verdict": verdict(table),
        "notes": notes(table),
        "not_ranked": apart_lines(state, rung),
        "protocol_id": state.created.protocol_id,
        "regime_id": state.created.regime_id,
        "provenance": provenance_words(state),
    }


def audit_json(found: Audit) -> dict[str, Any]:
    """What early stopping saved, risked and showed."""
    saved, risk = found.savings, found.risk
    return {
        "stopped": saved.trials,
        "paused": saved.waiting,
        "saved_iterations": saved.iterations,
        "saved_share": saved.share,
        "saved_hours": saved.trial_hours,
        "saved_gpu_hours": saved.gpu_hours,
        "risk": risk.expected if risk.reckoned else None,
        "risk_not_reckoned": risk.unreckoned,
        "spared": _evidence(found.spared),
        "continued": _counts(found.continued),
    }


def _evidence(ran: Evidence) -> dict[str, Any]:
    low, high = ran.interval or (None, None)
    return {
        **_counts(ran),
        "share_low": low,
        "share_high": high,
        "expected_above": ran.expected,
        "p_value": ran.p_value,
    }


def _counts(ran: RanOn) -> dict[str, Any]:
    return {"trials": [asdict(one) for one in ran.trials], "ended": len(ran.ended), "above": ran.above}


def _arm(table: FairTable, row: ArmRow) -> dict[str, Any]:
    record = arm_record(table, row, {})
    return {
        "arm": row.arm,
        "parameters": dict(row.parameters),
        **{key: _plain(record.get(key)) for key in _OF_AN_ARM},
        "is_shown": row.difference and row.difference.is_shown,
        "values": {str(seed): _plain(value) for seed, value in row.values.items()},
    }


def _fate(trial: TrialState) -> dict[str, Any]:
    """What became of a trial that is not in the comparison."""
    return {
        "trial_id": trial.trial_id,
        "arm": trial.arm,
        "seed": trial.planned.seed,
        "status": trial.status,
        "iteration": trial.iteration,
    }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
