"""Old runs become trials of a sweep once, with their own ids, and count only where they may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweep.importers import Found, FoundRun, ImportTerms, Joined, Validation, join
from sweep.importers.direct import state_of_path
from sweep.ledger import SweepState
from sweep.ledger.events import TrialImported, TrialReported
from sweep.ledger.state import replay
from sweep.results import comparable, report_table, rungs_of
from sweep.stopping.board import Board
from tests.builders import sweep_events, sweep_state

VALUES = {30: 20.0, 60: 30.0}


def run_of(real_ratio: float = 0.5, values: dict[int, float] = VALUES, **changes: Any) -> FoundRun:
    validations = tuple(
        Validation(iteration=iteration, metrics={"val_miou": value}, file="old.csv", line=number + 2)
        for number, (iteration, value) in enumerate(values.items())
    )
    given = {"source": "old.csv", "parameters": {"real_ratio": real_ratio}, "validations": validations}
    return FoundRun(**{**given, **changes})


def joined(state: SweepState, *runs: FoundRun, **terms: Any) -> Joined:
    """The import, applied to the state."""
    done = join(state, Found(runs=runs), ImportTerms(**terms), ["old.csv"])
    for event in done.events:
        state.apply(event)
    return done


def reasons(done: Joined) -> list[str]:
    return [one.reason for one in done.refusals]


def test_an_imported_trial_keeps_its_file_and_line() -> None:
    state = sweep_state()
    done = joined(state, run_of(name="a"))
    assert done.new == ("i000",)
    trial = state.trials["i000"]
    assert (trial.arm, trial.planned.added, trial.attempts) == ("real_ratio=0.5", True, 0)
    assert [trial.reports[at].source for at in (30, 60)] == ["old.csv:2", "old.csv:3"]
    assert set(report_table(state).query("trial_id == 'i000'")["provenance"]) == {"imported"}


def test_the_same_import_twice_changes_nothing() -> None:
    state = sweep_state()
    joined(state, run_of(name="a"), run_of(0.25, name="b"))
    again = joined(state, run_of(name="a"), run_of(0.25, name="b"))
    assert (again.events, again.known) == ((), ("i000", "i001"))


def test_a_run_that_went_on_gets_what_is_new() -> None:
    state = sweep_state()
    joined(state, run_of(values={30: 20.0}))
    assert state.trials["i000"].status == "interrupted"
    done = joined(state, run_of())
    assert (done.new, done.changed) == ((), ("i000",))
    assert sorted(state.trials["i000"].reports) == [30, 60]


def test_a_measurement_does_not_change() -> None:
    state = sweep_state()
    joined(state, run_of())
    done = joined(state, run_of(values={30: 20.0, 60: 31.0}))
    assert done.events == ()
    assert "is i000 already, which had val_miou 30 at 60, and has val_miou 31 now" in reasons(done)[0]


def test_a_copy_in_another_place_counts_once() -> None:
    state = sweep_state()
    done = joined(state, run_of(name="a"), run_of(name="copy of a"))
    assert done.new == ("i000",)
    assert reasons(done) == ["copy of a has the same numbers as i000: a copy counts once"]


def test_two_seeds_of_one_file_with_the_same_numbers_are_two_trials() -> None:
    """With values of few digits that is chance. In another file they are copies again."""
    state = sweep_state(arms=(1.0,))
    seeds = [run_of(name=str(seed), seed=seed) for seed in (7, 8, 9)]
    assert joined(state, *seeds).new == ("i000", "i001", "i002")
    again = joined(state, *(replace(one, source="new.csv") for one in seeds))
    assert (again.new, len(again.refusals)) == ((), 3)


def test_what_is_left_out_of_a_table_is_told(tmp_path: Path) -> None:
    rows = [f"{name},0.5,{iteration},{iteration / 2}" for name in "ab" for iteration in (30, 60)]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["trial_id,real_ratio,iteration,val_miou", *rows]))
    told: list[str] = []
    state = state_of_path(str(table), say=told.append)
    assert list(state.trials) == ["a"]
    assert told == [f"{table}:4: b has the same numbers as a: a copy counts once"]


def test_one_equal_value_is_no_copy() -> None:
    state = sweep_state()
    assert joined(state, run_of(values={60: 30.0}), run_of(values={60: 30.0}, name="b")).new == (
        "i000",
        "i001",
    )


def test_runs_of_unknown_protocol_are_shown_and_never_ranked() -> None:
    state = sweep_state()
    joined(state, run_of())
    trial = state.trials["i000"]
    assert "measured under another protocol, import-" in (state.why_apart(trial) or "")
    assert "i000" not in comparable(state).trials
    assert "i000" in set(report_table(state)["trial_id"])


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"comparable": True}, None),
        ({"comparable": True, "distrust": "the ratio was never applied"}, "not trusted: the ratio was never"),
        ({"comparable": True, "regime_id": "jitter"}, "trained under another regime, jitter"),
        ({"comparable": True, "protocol_id": "test"}, "measured under another protocol, test"),
    ],
)
def test_the_user_vouches_for_what_is_ranked(terms: dict[str, Any], reason: str | None) -> None:
    state = sweep_state()
    joined(state, run_of(), **terms)
    found = state.why_apart(state.trials["i000"])
    assert found is None if reason is None else reason in (found or "")


def test_ids_that_a_run_brings_are_kept_apart() -> None:
    state = sweep_state()
    joined(state, run_of(protocol_id="test"), run_of(name="b", regime_id="jitter", values={30: 1.0, 60: 2.0}))
    first, second = (state.trials[name].imported for name in ("i000", "i001"))
    assert first is not None and first.protocol_id == "test"
    assert second is not None and second.regime_id == "jitter"


def test_a_shorter_training_is_another_regime() -> None:
    """A poly schedule over 2000 iterations has ended at 2000; one over 10000 has not begun to fall."""
    state = sweep_state()
    joined(state, run_of(iterations=7), comparable=True)
    assert "-over-7" in (state.why_apart(state.trials["i000"]) or "")


def test_terms_can_be_mended_by_another_import() -> None:
    state = sweep_state()
    joined(state, run_of())
    done = joined(state, run_of(), comparable=True)
    assert done.changed == ("i000",)
    assert [type(one) for one in done.events[1:]] == [TrialImported]
    assert state.why_apart(state.trials["i000"]) is None


def test_no_seed_of_the_sweep_is_taken() -> None:
    state = sweep_state()
    joined(state, run_of(seed=0), run_of(seed=0, name="b", values={30: 1.0, 60: 2.0}))
    assert [state.trials[name].planned.seed for name in ("i000", "i001")] == [1000, 1001]
    assert state.trials["i000"].imported is not None
    assert "its seed was 0" in state.trials["i000"].imported.notes


def test_parameters_that_the_files_do_not_name() -> None:
    state = sweep_state()
    joined(state, run_of(), parameters={"training.optimizer.lr": 0.02, "real_ratio": 0.9})
    assert state.trials["i000"].arm == "real_ratio=0.5 lr=0.02"


def board_of(state: SweepState) -> Board:
    return Board(state, rungs_of(state), "val_miou")


def peers(state: SweepState, trial_id: str, rung: int) -> Sequence[str]:
    return [peer.trial_id for peer in board_of(state).case(trial_id, rung).peers]


def test_comparable_imports_are_peers_of_the_stopping_rule() -> None:
    state = sweep_state()
    rung = rungs_of(state)[0]
    own = next(name for name, trial in state.trials.items() if rung in trial.reports)
    joined(state, run_of(values={rung: 25.0}), comparable=True)
    joined(state, run_of(values={rung: 26.0}, name="b"))
    assert "i000" in peers(state, own, rung)
    assert "i001" not in peers(state, own, rung)
    assert [one.trial_id for one in board_of(state).curves() if one.trial_id[0] == "i"] == ["i000"]


def test_replaying_the_ledger_gives_the_same() -> None:
    events = sweep_events()
    state = replay(events)
    done = joined(state, run_of(), comparable=True)
    again = replay([*events, *done.events])
    assert again.trials["i000"] == state.trials["i000"]
    assert again.imports == state.imports
    assert isinstance(done.events[3], TrialReported)
    assert replace(done.events[3], source="") != done.events[3]
