"""Which attempts that broke off are held against whom: the trial, the node, or nobody. Knows no Ray."""

from __future__ import annotations

from collections import Counter, defaultdict

from sweep.ledger.events import FaultCause
from sweep.ledger.state import TrialState
from sweep.spec import ResourcesConfig

_OF_NODE: tuple[FaultCause, ...] = ("error", "process", "silent")
"""What a broken machine may be behind. Memory is scarce where we put too many trials."""
_MOST_NODES_LOST = 5
"""In a row, by a trial that got no further: it may be what brings them down."""


class Failures:
    """How often trials and nodes have failed since this driver began; a resume gives new chances."""

    def __init__(self, limits: ResourcesConfig) -> None:
        self._limits = limits
        self._of_trial: Counter[str] = Counter()
        self._on_node: defaultdict[str, list[str]] = defaultdict(list)

    def note(self, trial: TrialState, cause: FaultCause, node: str) -> bool:
        """Notes that an attempt broke off, before the trial's state does; whether it was its last.

        `node`: Ray's id of the one that it ran on; empty where it never said so.
        """
        if cause in _OF_NODE and node:
            self._on_node[node].append(trial.trial_id)
        if cause == "node":
            return _brings_nodes_down(trial)
        self._of_trial[trial.trial_id] += cause != "storage"
        return cause == "fatal" or self._of_trial[trial.trial_id] > self._limits.max_failures

    @property
    def bad_nodes(self) -> dict[str, int]:
        """Ids of nodes that are to be used no more, and how many attempts broke off on each.

        A single trial proves nothing against a node: it may be the one that is broken.
        """
        return {
            node: len(trials)
            for node, trials in self._on_node.items()
            if len(trials) >= self._limits.max_node_failures and len(set(trials)) > 1
        }


def _brings_nodes_down(trial: TrialState) -> bool:
    before = trial.faults[1 - _MOST_NODES_LOST :]
    in_a_row = len(before) == _MOST_NODES_LOST - 1 and all(fault.cause == "node" for fault in before)
    return in_a_row and trial.iteration <= before[0].iteration
