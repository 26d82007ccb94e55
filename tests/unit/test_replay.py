"""Recorded curves as a trial, without Ray: what it reports, and that it goes on where it was ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sweep.errors import SweepError
from tests.builders import sweep_state
from trainables.contract import Progress, Report, TrialError
from trainables.contract.recorded import Metrics, ReplayConfig, without_nan
from trainables.local import FolderSession
from trainables.replay import replay

NAN = float("nan")
CURVE: dict[int, Metrics] = {
    4: {"val_miou": 10.0, "val_aacc": 60.0},
    8: {"val_miou": NAN},
    12: {"val_miou": 33.3},
}


class KilledError(Exception):
    """Stands for any end that a trial cannot see coming, the driver's stop or pause among them."""


class MortalSession(FolderSession):
    """Dies at the n-th report or progress, just before or just after it was sent."""

    def __init__(self, folder: Path, dies_at: int, *, sent: bool) -> None:
        super().__init__(folder)
        self.left, self.sent = dies_at, sent

    def report(self, report: Report, checkpoint: Path) -> None:
        assert checkpoint.is_file()
        self._count(lambda: FolderSession.report(self, report, checkpoint))

    def progress(self, progress: Progress) -> None:
        self._count(lambda: FolderSession.progress(self, progress))

    def _count(self, send: Callable[[], None]) -> None:
        self.left -= 1
        if self.left or self.sent:
            send()
        if not self.left:
            raise KilledError


@pytest.fixture
def config() -> ReplayConfig:
    return ReplayConfig(
        arm="real_ratio=0.5", seed=0, real_ratio=0.5, recorded=without_nan(CURVE), log_interval=3
    )


def replayed(config: ReplayConfig, session: FolderSession) -> FolderSession:
    replay(config, session)
    return session


def in_words(reports: list[Report]) -> list[str]:
    """NaN equals NaN here."""
    return [repr(report) for report in reports]


def test_reports_what_was_recorded_where_it_was_recorded(config: ReplayConfig, tmp_path: Path) -> None:
    session = replayed(config, FolderSession(tmp_path / "t"))
    reported = {report.iteration: report.metrics for report in session.reports}
    assert repr(reported) == repr(CURVE)
    assert [progress.iteration for progress in session.progresses] == [3, 6, 9, 12]
    mixture = session.reports[0].mixture
    assert (mixture.requested_real_ratio, mixture.real_images, mixture.generated_images) == (0.5, 0, {})


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 8))
def test_killed_anywhere_it_goes_on_as_undisturbed(
    config: ReplayConfig, tmp_path: Path, dies_at: int, sent: bool
) -> None:
    undisturbed = replayed(config, FolderSession(tmp_path / "undisturbed"))
    killed = MortalSession(tmp_path / "t", dies_at, sent=sent)
    with pytest.raises(KilledError):
        replay(config, killed)
    again = replayed(config, FolderSession(tmp_path / "t"))
    together = in_words(killed.reports + again.reports)
    assert list(dict.fromkeys(together)) == in_words(undisturbed.reports)
    assert len(together) - len(undisturbed.reports) <= 1, "only the checkpoint's own is sent again"
    assert (again.folder / "checkpoint.pt").read_bytes() == (
        undisturbed.folder / "checkpoint.pt"
    ).read_bytes()


def test_a_replay_that_came_to_its_end_only_repeats_its_last_report(
    config: ReplayConfig, tmp_path: Path
) -> None:
    replay(config, FolderSession(tmp_path / "t"))
    assert [report.iteration for report in replayed(config, FolderSession(tmp_path / "t")).reports] == [12]


def test_waits_as_long_as_it_is_told(
    config: ReplayConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    session = replayed(
        config.model_copy(update={"seconds_per_iteration": 0.5}), FolderSession(tmp_path / "t")
    )
    assert waited == [0.5] * 12
    assert [report.seconds for report in session.reports] == [2.0, 4.0, 6.0]


def test_what_is_sent_to_a_process_comes_out_as_it_was(config: ReplayConfig) -> None:
    """Ray sends plain values; strict JSON would do as well, which knows no NaN."""
    sent = config.model_dump(mode="json")
    json.dumps(sent, allow_nan=False)
    assert ReplayConfig.model_validate(sent) == config
    with pytest.raises(ValueError, match="infinite"):
        without_nan({4: {"val_miou": float("inf")}})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"iteration": null}', b'{"iteration": "four"}'])
def test_a_damaged_checkpoint_is_named(config: ReplayConfig, tmp_path: Path, content: bytes) -> None:
    session = FolderSession(tmp_path / "t")
    (session.folder / "checkpoint.pt").write_bytes(content)
    with pytest.raises(TrialError, match=r"checkpoint\.pt: is damaged or no checkpoint of a replay"):
        replay(config, session)


def test_another_trial_s_checkpoint_is_refused(config: ReplayConfig, tmp_path: Path) -> None:
    replay(config, FolderSession(tmp_path / "t"))
    with pytest.raises(TrialError, match="is the checkpoint of another trial"):
        replay(config.model_copy(update={"seed": 1}), FolderSession(tmp_path / "t"))


def test_needs_no_torch() -> None:
    """Or a sweep of hundreds of replays would not take seconds."""
    code = "import sys, trainables.replay; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sweep_that_lost_a_trial_says_which_and_why() -> None:
    from sweep.engine.replay import must_have_replayed_all

    must_have_replayed_all(sweep_state(arms=(1.0,)))
    lost = sweep_state(arms=(1.0,), failed={("real_ratio=1.0", 0): 60}, running={("real_ratio=1.0", 1): 60})
    with pytest.raises(SweepError) as error:
        must_have_replayed_all(lost)
    assert str(error.value).splitlines() == [
        "the replay of t000 failed: image img/0007.jpg cannot be read",
        "the replay of t001 did not end: Ray ended before it",
    ]
