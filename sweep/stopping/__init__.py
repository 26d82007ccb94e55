"""Which trials are stopped early, or wait, and why. Pure: shared by live sweeps and by simulation."""

from sweep.stopping.asha import Asha
from sweep.stopping.board import Board, board_of
from sweep.stopping.explain import explain
from sweep.stopping.guarded import Guarded
from sweep.stopping.judge import Judge, Judgement, judged_event
from sweep.stopping.median import Median
from sweep.stopping.none import NoStopping
from sweep.stopping.promote import Promote
from sweep.stopping.rule import Candidate, Case, Curve, PausingRule, Peer, Promotion, Proposal, Rule
from sweep.stopping.rules import judge_of, rule_of

__all__ = [
    "Asha",
    "Board",
    "Candidate",
    "Case",
    "Curve",
    "Guarded",
    "Judge",
    "Judgement",
    "Median",
    "NoStopping",
    "PausingRule",
    "Peer",
    "Promote",
    "Promotion",
    "Proposal",
    "Rule",
    "board_of",
    "explain",
    "judge_of",
    "judged_event",
    "rule_of",
]
