"""Recorded curves through any stopping rule: what it would have cost, and what it would have lost."""

from sweep.simulation.comparison import Run, Runs, Simulation, simulate
from sweep.simulation.loop import Decider, Outcome, run
from sweep.simulation.machine import simulation_json
from sweep.simulation.notes import simulation_heading, simulation_notes
from sweep.simulation.ours import JudgedSweep, run_judged
from sweep.simulation.outcome import outcome_of
from sweep.simulation.recording import Recording, recording_of
from sweep.simulation.rejudge import Difference, rejudge
from sweep.simulation.settings import RULES
from sweep.simulation.table import simulation_table

__all__ = [
    "RULES",
    "Decider",
    "Difference",
    "JudgedSweep",
    "Outcome",
    "Recording",
    "Run",
    "Runs",
    "Simulation",
    "outcome_of",
    "recording_of",
    "rejudge",
    "run",
    "run_judged",
    "simulate",
    "simulation_heading",
    "simulation_json",
    "simulation_notes",
    "simulation_table",
]
