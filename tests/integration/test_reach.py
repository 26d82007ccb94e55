"""Every node writes where the sweep lies, before a trial starts: asked through real Ray."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.engine.ray_reach import answer, every_node_must_reach
from sweep.storage import SweepFolder
from tests.integration.commands import PATIENCE


def test_every_node_is_asked_and_those_with_another_folder_are_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.integration.reach", str(tmp_path)]
    own = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    fine, faulty = json.loads(done.stdout)
    assert fine == ""
    first, node, remedy = faulty.splitlines()
    assert first == f"not every node of the cluster can use the storage {tmp_path / 'other'}:"
    assert re.fullmatch(r"  [\d.]+: \S+ has another .*/other/one: what the driver wrote there .*", node)
    assert "mount it there" in remedy
    assert not (tmp_path / "one" / "probe").exists(), "the probe leaves nothing"


def test_node_that_may_not_write_says_why(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path, "one")
    folder.write("probe/token", b"token")
    assert answer(str(tmp_path), "one", "token", "n1") is None
    assert folder.read("probe/token-n1") == b"n1"
    (folder.path / "probe" / "token-n2").mkdir()  # in the place of a file system that is read-only
    said = answer(str(tmp_path), "one", "token", "n2")
    assert said is not None and f"cannot write to {folder.path}" in said


def test_nobody_is_asked_without_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    every_node_must_reach(SweepFolder(tmp_path / "nowhere", "one"))
    assert not (tmp_path / "nowhere").exists()
