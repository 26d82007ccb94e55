"""A process that hangs ends itself, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sweep.engine.watchdog import STACKS

HANGS = """
import sys, time
from pathlib import Path
from sweep.engine.watchdog import Watchdog

def hang_here():
    time.sleep(60)

watchdog = Watchdog(Path(sys.argv[1]), 0.2)
watchdog.watch()
hang_here()
"""
WAITS = """
import sys, time
from pathlib import Path
from sweep.engine.watchdog import Watchdog

watchdog = Watchdog(Path(sys.argv[1]), 0.5)
watchdog.watch()
with watchdog.resting():
    time.sleep(1.0)
watchdog.end()
time.sleep(0.7)
print("still here")
"""


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=50
    )


def test_process_that_hangs_ends_and_says_where(tmp_path: Path) -> None:
    assert run(HANGS, tmp_path).returncode == 1
    assert "hang_here" in (tmp_path / STACKS).read_text()
    assert run(WAITS, tmp_path).returncode == 0
    assert "hang_here" in (tmp_path / STACKS).read_text(), "the next attempt leaves it for who looks"


def test_process_that_waits_for_others_or_is_done_lives_on(tmp_path: Path) -> None:
    done = run(WAITS, tmp_path)
    assert (done.returncode, done.stdout) == (0, "still here\n"), done.stderr
    assert not (tmp_path / STACKS).exists()
