"""What the shell is offered, asked as bash asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import Terminal, write_fake

Ask = Callable[[str], set[str]]


@pytest.fixture
def offered(sweep: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGSWEEP_STORAGE", raising=False)
    for name in ("night-1", "night-2", "day"):
        write_fake(tmp_path / "sweeps", name)
    write_fake(tmp_path / "elsewhere", "other")

    def ask(line: str) -> set[str]:
        words = line.split(" ")
        monkeypatch.setenv("_SWEEP_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        return set(sweep().out.split())

    return ask


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sweep status ", {"night-1", "night-2", "day"}),
        ("sweep report nig", {"night-1", "night-2"}),
        ("sweep status --storage elsewhere ", {"other"}),
        ("sweep status --storage s3://bucket/sweeps ", set()),
        ("sweep status --storage nowhere ", set()),
        ("sweep compare d", {"day"}),
        ("sweep explain day t00", {"t000", "t001", "t002", "t003"}),
        ("sweep explain unknown ", set()),
        ("sweep expl", {"explain"}),
    ],
)
def test_names_and_trials(offered: Ask, line: str, expected: set[str]) -> None:
    assert offered(line) == expected


def test_the_storage_of_the_environment(offered: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSWEEP_STORAGE", "elsewhere")
    assert offered("sweep status ") == {"other"}
