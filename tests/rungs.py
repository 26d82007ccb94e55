"""Trials at a rung, for tests of stopping rules."""

from __future__ import annotations

from dataclasses import replace

from sweep.stopping import Candidate, Case, Peer


def candidate_at(value: float, **changes: object) -> Candidate:
    plain = Candidate(
        trial_id="candidate",
        arm="real_ratio=0.1",
        seed=0,
        rung=60,
        value=value,
        protected=False,
        baseline=False,
        is_last_rung=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def peers_at(*given_values: float) -> list[Peer]:
    return [
        Peer(trial_id=f"peer-{i}", arm=f"real_ratio=0.{i + 2}", seed=0, value=value, baseline=i == 0)
        for i, value in enumerate(given_values)
    ]


def case_at(value: float, *others: float, **changes: object) -> Case:
    return Case(candidate=candidate_at(value, **changes), peers=peers_at(*others))
