"""The lab's hosts are what they are said to be, and nothing is left of them, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cluster.lab import CHECKOUT, Lab, lab
from tests.cluster.needs import missing
from tests.integration.processes import descendants, left_of

pytestmark = pytest.mark.cluster
HOSTS = 4
SLEEP = "setsid --fork sleep 99 <&- >&- 2>&-"
THEN_WAIT = """
import time
from tests.cluster.lab import lab
with lab():
    print("up", flush=True)
    time.sleep(99)
"""


@pytest.fixture(autouse=True)
def all_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Labs lie in a folder of their own."""
    if reason := missing():
        pytest.skip(reason)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_hosts_share_the_storage_and_nothing_else() -> None:
    with lab() as made:
        everywhere = [*made.nodes, made.laptop]
        made.head.output("echo here | tee ~/a /tmp/a /dev/shm/a /mnt/segsweep/a")
        for place in ("~/a", "/tmp/a", "/dev/shm/a"):
            assert _where(made, f"cat {place}") == ["head"]
        assert _where(made, "cat /mnt/segsweep/a") == ["head", "one", "two"]
        assert {host.output("hostname").strip() for host in everywhere} == {"head", "one", "two", "laptop"}
        assert all(host.output("ps -e | grep -c sshd") == "1\n" for host in everywhere)
        assert _where(made, "touch /usr/a") == []


def _where(made: Lab, command: str) -> list[str]:
    """Names of the hosts on which the command succeeds."""
    return [host.place.name for host in (*made.nodes, made.laptop) if host.run(command).returncode == 0]


def test_a_host_that_went_down_comes_up_with_its_home_and_without_its_processes() -> None:
    with lab() as made:
        made.head.output("touch ~/kept /tmp/lost")
        made.head.output(SLEEP)
        made.head.go_down()
        assert made.laptop.run(f"timeout 2 bash -c '</dev/tcp/{made.head.place.address}/22'").returncode
        made.head.come_up()
        assert made.head.output("ls ~/kept; ls /tmp; pgrep sleep || true").split() == ["/home/sweeper/kept"]


def test_two_labs_know_nothing_of_each_other() -> None:
    with lab() as first, lab() as second:
        first.head.output("touch /mnt/segsweep/a")
        assert second.head.run("ls /mnt/segsweep/a").returncode


def test_nothing_is_left_after_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lab() as made:
        made.head.output(SLEEP)
        inside = descendants(os.getpid())
        raise KeyboardInterrupt
    assert len(inside) > HOSTS
    assert left_of(inside) == set()
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_no_process_is_left_when_the_test_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", THEN_WAIT], cwd=CHECKOUT, stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        inside = descendants(process.pid)
        process.kill()
    assert len(inside) > HOSTS
    assert left_of(inside) == set()
