"""Every check of `sweep check-trainable` passes on a good trainable, and fails on one that breaks it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.cli import main
from sweep.conformance import SHORT_TRIAL, check_trainable, checks
from sweep.conformance.checks import Outcome, outcome
from sweep.conformance.rehearsals import Rehearsal, Rehearser
from tests import broken_trainables as broken
from tests.terminal import Terminal
from trainables.contract import RealRatioError, Report, TrialError
from trainables.local import FolderSession
from trainables.own import load_trainable, train

ROOT = Path(__file__).parents[2]


def rehearser(function: str, folder: Path) -> Rehearser:
    return Rehearser(f"tests.broken_trainables:{function}", [ROOT], folder)


def whole_of(function: str, folder: Path) -> Rehearsal:
    return rehearser(function, folder).run(SHORT_TRIAL, "whole")


def stopped_of(function: str, folder: Path) -> Rehearsal:
    return rehearser(function, folder).run(SHORT_TRIAL, "stopped", stop_at_report=1)


def test_a_good_trainable_passes_all(tmp_path: Path) -> None:
    found = list(check_trainable("tests.broken_trainables:good", [ROOT], SHORT_TRIAL, tmp_path))
    assert [one for one in found if one.verdict != "passed"] == []
    assert len(found) == 13


@pytest.mark.parametrize(
    ("function", "check", "told"),
    [
        ("raises", lambda whole: checks.ends(whole), "RuntimeError: no GPU today"),
        (
            "reports_elsewhere",
            lambda whole: checks.reports_where_due(SHORT_TRIAL, whole),
            "it reported at 1, 3; it must validate and report at exactly 2, 4",
        ),
        (
            "reports_shares",
            lambda whole: checks.reports_hold_what_they_must(SHORT_TRIAL, whole),
            "metrics lacks 'val_aacc'",
        ),
        (
            "reports_shares",
            lambda whole: checks.reports_hold_what_they_must(SHORT_TRIAL, whole),
            "val_macc is 140; it is in percent",
        ),
        ("says_nothing", lambda whole: checks.shows_signs_of_life(whole), "never called session.progress"),
    ],
)
def test_a_whole_training_shows(
    tmp_path: Path, function: str, check: Callable[[Rehearsal], list[str]], told: str
) -> None:
    assert told in "; ".join(check(whole_of(function, tmp_path)))


@pytest.mark.parametrize(
    ("function", "check", "told"),
    [
        ("swallows_the_stop", checks.obeys_a_stop, "let the exception pass"),
        ("leaves_a_process", checks.obeys_a_stop, "it left behind: process"),
        ("leaves_a_thread", checks.obeys_a_stop, "it left behind: thread loader"),
        ("keeps_nothing", checks.keeps_one_checkpoint, "it never called session.keep"),
        ("calls_its_checkpoint_otherwise", checks.keeps_one_checkpoint, "its checkpoint is latest.pth"),
    ],
)
def test_a_stopped_training_shows(
    tmp_path: Path, function: str, check: Callable[[Rehearsal], list[str]], told: str
) -> None:
    assert told in "; ".join(check(stopped_of(function, tmp_path)))


def test_a_seed_that_is_not_used_shows(tmp_path: Path) -> None:
    random = rehearser("is_not_seeded", tmp_path / "random")
    pair = random.run(SHORT_TRIAL, "a", stop_at_report=1), random.run(SHORT_TRIAL, "b", stop_at_report=1)
    assert "differ at their first report: " in "".join(checks.same_seed_same_report(*pair))
    deaf = rehearser("ignores_the_seed", tmp_path / "deaf")
    other = SHORT_TRIAL.model_copy(update={"seed": 1})
    pair = deaf.run(SHORT_TRIAL, "a", stop_at_report=1), deaf.run(other, "b", stop_at_report=1)
    assert "config.seed is not used" in "".join(checks.another_seed_another_report(*pair))


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("begins_anew", "it began anew and reported at"),
        ("resumes_otherwise", "it differs from an undisturbed training at 4: val_miou"),
    ],
)
def test_a_resumed_training_shows(tmp_path: Path, function: str, told: str) -> None:
    own = rehearser(function, tmp_path)
    whole, stopped = own.run(SHORT_TRIAL, "w"), own.run(SHORT_TRIAL, "s", stop_at_report=2)
    resumed = own.run(SHORT_TRIAL, "s")
    if function == "resumes_otherwise":
        stopped = own.run(SHORT_TRIAL, "t", stop_at_report=1)
        resumed = own.run(SHORT_TRIAL, "t")
    assert told in "; ".join(checks.resumes_as_undisturbed(whole, stopped, resumed))


@pytest.mark.parametrize(
    ("function", "real_ratio", "verdict", "told"),
    [
        ("never_applies_the_ratio", 0.0, "failed", "4 real images of 4 were consumed; 0.0 were due"),
        ("has_a_floor_of_one", 0.0, "failed", "2 real images of 4 were consumed; 0.0 were due"),
        ("does_not_count", 0.0, "not verified", "reports will call the share of real images not verified"),
        ("good", 0.0, "passed", ""),
    ],
)
def test_a_ratio_that_is_not_applied_shows(
    tmp_path: Path, function: str, real_ratio: float, verdict: str, told: str
) -> None:
    config = SHORT_TRIAL.model_copy(update={"real_ratio": real_ratio})
    found = checks.trains_at_share(config, rehearser(function, tmp_path).run(config, "r", stop_at_report=1))
    assert found.verdict == verdict
    assert told in found.told


def test_a_process_that_does_not_end_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep.conformance.rehearsals._PATIENCE", 0.5)
    terminated = rehearser("ignores_signals", tmp_path).run(SHORT_TRIAL, "x", terminate=True)
    assert "SIGTERM did not end it" in "".join(checks.obeys_a_signal(terminated))


def test_what_is_left_of_a_rehearsal_is_ended(tmp_path: Path) -> None:
    left = stopped_of("leaves_a_process", tmp_path).left
    (pid,) = (int(one.removeprefix("process ")) for one in left)
    stat = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 5
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":  # dead, if not yet buried
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_outcome_of_faults() -> None:
    assert outcome("x", iter(())) == Outcome("x", "passed", "")
    assert outcome("x", iter(("a", "b"))) == Outcome("x", "failed", "a; b")


# the command


def test_the_command(
    sweep: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(broken.EXAMPLE.read_text())
    good = sweep("check-trainable", "mine:train")
    assert (good.code, good.out.splitlines()[-1]) == (0, "13 checks: none failed")
    (tmp_path / "bad.py").write_text("def train(config, session):\n    raise OSError('disk')\n")
    monkeypatch.setattr(sys, "argv", ["sweep", "check-trainable", "bad:train", "--json"])
    with pytest.raises(SystemExit, match="1"):
        main()
    told = json.loads(capsys.readouterr().out)
    assert (told["failed"], told["checks"][0]["verdict"]) == (1, "failed")
    assert "OSError: disk" in told["checks"][0]["told"], "with the traceback: it is the user's own code"
    nothing = sweep("check-trainable", "mine")
    assert (nothing.code, "give package.module:function" in nothing.err) == (2, True)


# in a sweep


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tests.none:train", "there is no module 'tests.none'"),
        ("tests.broken_trainables:none", "has no function 'none'; it has: "),
        ("tests.broken_trainables:OTHER", "has no function 'OTHER'"),
        ("tests.broken_trainables:takes_too_little", "cannot be called with a TrialConfig and a Session"),
    ],
)
def test_a_function_that_is_none(name: str, told: str) -> None:
    with pytest.raises(TrialError, match=told.replace("(", r"\(")):
        load_trainable(name, [ROOT])


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("reports_elsewhere", "a validation counts at exactly these iterations: 2, 4"),
        ("reports_shares", "metrics lacks 'val_aacc'"),
        ("never_applies_the_ratio", "4 real images of 4 were consumed; 2.0 were due"),
    ],
)
def test_a_report_that_nobody_can_trust_ends_the_trial(tmp_path: Path, function: str, told: str) -> None:
    session = FolderSession(tmp_path)
    config = SHORT_TRIAL.model_copy(
        update={"training": SHORT_TRIAL.training.model_copy(update={"batch_size": 2})}
    )
    if function == "never_applies_the_ratio":
        config = config.model_copy(update={"real_ratio": 0.0})
        told = "4 real images of 4 were consumed; 0.0 were due"
    with pytest.raises(TrialError, match=told):
        train(f"tests.broken_trainables:{function}", [ROOT], config, session)
    assert session.reports == []


def test_a_good_trainable_is_left_alone(tmp_path: Path) -> None:
    session = FolderSession(tmp_path)
    train("tests.broken_trainables:good", [ROOT], SHORT_TRIAL, session)
    reports: list[Report] = session.reports
    assert [report.iteration for report in reports] == [2, 4]
    assert issubclass(RealRatioError, TrialError), "a share that is off ends the trial for good"


@pytest.mark.slow
def test_our_own_training_passes(tmp_path: Path) -> None:
    found = list(check_trainable("trainables.segmentation:train", [ROOT], SHORT_TRIAL, tmp_path))
    assert [one for one in found if one.verdict != "passed"] == []
