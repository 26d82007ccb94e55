"""ASHA proposes, the guard disposes."""

from dataclasses import dataclass

import pytest

from sweep.stopping import Case, Guarded, Proposal
from sweep.stopping.overtaking import chances_to_overtake
from tests.rungs import RUNGS, candidate_at, curve_at, peers_at


@dataclass(frozen=True)
class Says:
    """A proposer that says the same to everybody."""

    proposal: Proposal
    name = "says"

    def propose(self, case: Case) -> Proposal:
        return self.proposal


STOP = Proposal(decision="stop", reason="it is far behind", cutoff=41.0)
GO = Proposal(decision="continue", reason="it is among the best", cutoff=41.0)


def case_of(value: float) -> Case:
    """At the first rung, behind a trial that has finished and one that has just begun."""
    curves = [
        curve_at("candidate", value),
        curve_at("peer-0", 41.0, 45.0, 47.0),
        curve_at("peer-1", 36.0),
    ]
    return Case(candidate=candidate_at(value), peers=peers_at(41.0, 36.0), curves=curves, rungs=RUNGS)


def chance_of(value: float) -> float:
    return chances_to_overtake(case_of(value).curves, RUNGS)["candidate"]


def test_whom_the_proposer_lets_go_on_goes_on() -> None:
    assert Guarded(Says(GO), 0.05).propose(case_of(1.0)) == GO


def test_who_will_hardly_overtake_is_stopped_with_both_reasons() -> None:
    proposal = Guarded(Says(STOP), 0.05).propose(case_of(28.0))
    assert (proposal.decision, proposal.cutoff) == ("stop", 41.0)
    assert proposal.overtakes == pytest.approx(chance_of(28.0))
    assert chance_of(28.0) < 0.05
    assert proposal.reason.startswith("it is far behind; and its chance to overtake the leader by the end is")
    assert proposal.reason.endswith("below delta (5.0 %)")


def test_who_may_yet_overtake_goes_on_though_the_proposer_is_against_it() -> None:
    proposal = Guarded(Says(STOP), 0.05).propose(case_of(40.5))
    assert proposal.decision == "continue"
    assert proposal.overtakes == pytest.approx(chance_of(40.5))
    assert chance_of(40.5) > 0.05
    assert "but its chance to overtake the leader by the end" in proposal.reason
    assert proposal.reason.endswith("not below delta (5.0 %)")


def test_delta_is_the_chance_from_which_on_a_trial_goes_on() -> None:
    chance = chance_of(38.0)
    assert Guarded(Says(STOP), chance * 0.99).propose(case_of(38.0)).decision == "continue"
    assert Guarded(Says(STOP), chance * 1.01).propose(case_of(38.0)).decision == "stop"
