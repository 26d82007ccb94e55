"""A simulation for machines: plain values, named in docs/json.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sweep.simulation.comparison import Row, Simulation
from sweep.simulation.score import Mean
from sweep.simulation.settings import settings_of


def simulation_json(simulation: Simulation) -> dict[str, Any]:
    """Everything that the table and its notes say."""
    recording = simulation.recording
    return {
        "sweep": recording.name,
        "provenance": recording.provenance,
        "judged_by": recording.metric,
        "rungs": list(recording.rungs),
        "workers": simulation.workers,
        "orders": simulation.orders,
        "every_order": simulation.every_order,
        "curve_orders": 0 if simulation.no_curve else simulation.curve_orders,
        "no_curve": simulation.no_curve or None,
        "trials": list(recording.planned),
        "left_out": dict(recording.left_out),
        "winner": simulation.winner,
        "iterations": len(recording.planned) * recording.rungs[-1],
        "hours": simulation.work_seconds / 3600 if simulation.is_timed else None,
        "rows": [_row(row, timed=simulation.is_timed) for row in simulation.rows],
        "notes": list(recording.remarks),
    }


def _row(row: Row, *, timed: bool) -> dict[str, Any]:
    config = row.setting.config
    return {
        "rule": config.name,
        "settings": settings_of(config),
        "is_own": row.setting.is_own,
        "cost": asdict(row.cost),
        "lost": asdict(row.lost),
        "regret": asdict(row.regret),
        "worst_regret": row.worst_regret,
        "curve_error": None if row.curve_error is None else asdict(row.curve_error),
        "curve_orders": row.curve_orders,
        "hours": _hours(row.work_seconds) if timed else None,
        "wall_hours": _hours(row.seconds) if timed else None,
        "wall_iterations": None if timed else asdict(row.seconds),
    }


def _hours(seconds: Mean) -> dict[str, float]:
    return {key: value / 3600 for key, value in asdict(seconds).items()}
