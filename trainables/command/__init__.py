"""Somebody else's trainer as a trial: a process each, its log read as reports. No torch, no Ray."""

from trainables.command.run import TrainerFailed, run_command

__all__ = ["TrainerFailed", "run_command"]
