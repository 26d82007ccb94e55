"""`sweep stop`: asks who runs the sweep, or ends a trial that nobody runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweep.engine.stop import request_stop
from sweep.errors import SweepError
from sweep.ledger import Ledger, SweepState, replay
from sweep.storage import SweepFolder
from tests.builders import sweep_events

STOPPED = "stopped by `sweep stop --trial`"


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """A killed sweep: t000 had come to iteration 70, t001 is waiting, t002 was stopped early."""
    folder = SweepFolder(tmp_path, "fake")
    folder.create()
    events = sweep_events(
        arms=(1.0, 0.5, 0.25),
        seeds=(0,),
        running={("real_ratio=1.0", 0): 70},
        waiting=[("real_ratio=0.5", 0)],
        stopped={("real_ratio=0.25", 0): 60},
        outcome=None,
    )
    for event in events:
        Ledger(folder.ledger).append(event)
    return folder


def state_of(folder: SweepFolder) -> SweepState:
    return replay(Ledger(folder.ledger).read())


def requests(folder: SweepFolder) -> list[str]:
    return sorted(path.name for path in folder.stop_request().parent.glob("*"))


def test_running_sweep_is_asked(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSWEEP_STORAGE", str(folder.storage))
    before = folder.ledger.read_bytes()
    with folder.locked():
        said = [request_stop(folder, state_of(folder), None) for _ in range(2)]
    assert said == ["asked fake to stop; `sweep resume fake` goes on with it"] * 2
    assert requests(folder) == ["sweep"]
    assert folder.ledger.read_bytes() == before, "only the driver writes"


def test_running_sweep_is_asked_to_stop_one_trial(folder: SweepFolder) -> None:
    before = folder.ledger.read_bytes()
    with folder.locked():
        assert (
            request_stop(folder, state_of(folder), "t001")
            == "asked fake to stop t001; no resume goes on with it"
        )
    assert requests(folder) == ["t001"]
    assert folder.ledger.read_bytes() == before


def test_sweep_that_nobody_runs_cannot_be_stopped(folder: SweepFolder) -> None:
    with pytest.raises(SweepError, match="'fake' is not running"):
        request_stop(folder, state_of(folder), None)
    assert requests(folder) == []


@pytest.mark.parametrize(("trial_id", "iteration"), [("t000", 70), ("t001", 0)])
def test_trial_of_a_sweep_that_nobody_runs_ends_at_once(
    folder: SweepFolder, trial_id: str, iteration: int
) -> None:
    folder.trial(trial_id).mkdir(parents=True)
    folder.checkpoint(trial_id).touch()
    said = request_stop(folder, state_of(folder), trial_id)
    assert said == f"{trial_id} is stopped; no resume goes on with it"
    ended = state_of(folder).trials[trial_id].ended
    assert ended is not None
    assert (ended.outcome, ended.reason, ended.iteration) == ("stopped", STOPPED, iteration)
    assert folder.checkpoint(trial_id).exists(), "it may be continued"
    assert requests(folder) == []


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize(
    ("trial_id", "said"),
    [
        ("t003", "no trial 't003' in fake; there are t000, t001, t002"),
        ("../sweep", r"no trial '\.\./sweep' in fake"),
        ("t002", "t002 has ended already: stopped, it is below the cut-off"),
    ],
)
def test_trial_that_cannot_be_stopped(
    folder: SweepFolder, trial_id: str, said: str, is_running: bool
) -> None:
    before = folder.ledger.read_bytes()
    if is_running:
        with folder.locked(), pytest.raises(SweepError, match=said):
            request_stop(folder, state_of(folder), trial_id)
    else:
        with pytest.raises(SweepError, match=said):
            request_stop(folder, state_of(folder), trial_id)
    assert requests(folder) == []
    assert folder.ledger.read_bytes() == before
