"""What must be known to read a simulation's table."""

from __future__ import annotations

import textwrap

from sweep.simulation.comparison import Simulation


def simulation_heading(simulation: Simulation, width: int) -> str:
    """What was replayed, in a sentence."""
    recording = simulation.recording
    orders = f"all {simulation.orders}" if simulation.every_order else f"{simulation.orders} random"
    workers = "1 worker" if simulation.workers == 1 else f"{simulation.workers} workers"
    return textwrap.fill(
        f"{recording.name}, replayed: {len(recording.planned)} trials judged by {recording.metric} at "
        f"{', '.join(map(str, recording.rungs))}; {workers}; {orders} orders of arrival.",
        width,
    )


def simulation_notes(simulation: Simulation, width: int) -> str:
    """What was left out, what the columns mean, and what the intervals do not say."""
    notes = [
        *simulation.recording.remarks,
        _about_winner(simulation),
        f"cost: share of the {_whole(simulation)} that all trials take to the end. lost: share of the orders "
        "in which the best trial was not trained to the end. regret: how far the best one that was lies "
        "below it, in points; where none was, the leader of those that came furthest.",
        _about_curve(simulation),
        "* is the spec's own. The other rows have its other options, such as min_peers and protect.",
        _about_intervals(simulation),
    ]
    return "\n".join(
        textwrap.fill(f"- {note}", width, subsequent_indent="  ", break_on_hyphens=False) for note in notes
    )


def _about_winner(simulation: Simulation) -> str:
    recording = simulation.recording
    planned = recording.planned[simulation.winner]
    best = recording.curves[simulation.winner][-1]
    words = (
        f"The best trial is {planned.trial_id} ({planned.arm}, seed {planned.seed}), {best:.2f} at the end"
    )
    if recording.is_baseline(planned.parameters):
        return f"{words}; as a trial of the baseline it is never stopped, so no rule can lose it."
    if recording.is_protected(planned.parameters):
        return f"{words}; it is protected, so no rule can lose it."
    return f"{words}."


def _whole(simulation: Simulation) -> str:
    recording = simulation.recording
    iterations = f"{len(recording.planned) * recording.rungs[-1]} iterations"
    if not simulation.is_timed:
        return iterations
    hours = f"{simulation.work_seconds / 3600:.2f} {'GPU-hours' if simulation.gpus else 'hours'}"
    return f"{iterations} ({hours})"


def _about_curve(simulation: Simulation) -> str:
    if simulation.no_curve:
        return f"No error of the curve: {simulation.no_curve}."
    return (
        "error of the curve: mean absolute difference, in points, between the curve that is fitted to what a "
        "rule leaves (ends of stopped trials predicted) and the means of all trials in full; over "
        f"{simulation.curve_orders} of the orders, since a fit takes long. What `none` has of it is the "
        f"smoothing of the curve.{_fewer_curves(simulation)}"
    )


def _fewer_curves(simulation: Simulation) -> str:
    fewer = [row for row in simulation.rows if row.curve_orders < simulation.curve_orders]
    if not fewer:
        return ""
    rows = "; ".join(f"{row.setting.words}: {row.curve_orders}" for row in fewer)
    return f" Over fewer of them, as a setting had no trial at the end in the others: {rows}."


def _about_intervals(simulation: Simulation) -> str:
    if simulation.every_order:
        return "These are all orders of arrival. Of other sweeps, or other seeds, they say nothing."
    return (
        "Intervals (95 %) are over orders of arrival alone: what more orders would show of this sweep. Of "
        "other sweeps, or other seeds, they say nothing. A mean that is the same in all orders has none."
    )
