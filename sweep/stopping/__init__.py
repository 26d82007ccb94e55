"""Which trials are stopped early, and why. Pure: shared by live sweeps and by simulation."""

from sweep.stopping.asha import Asha
from sweep.stopping.explain import explain
from sweep.stopping.none import NoStopping
from sweep.stopping.rule import Candidate, Judgement, Peer, Rule

__all__ = ["Asha", "Candidate", "Judgement", "NoStopping", "Peer", "Rule", "explain"]
