"""The head of a cluster is watched, and that it is gone is said once, with the way on."""

from __future__ import annotations

import socket
import time

import pytest

from sweep.engine.head import watched_head


def said_within(capfd: pytest.CaptureFixture[str], seconds: float) -> str:
    deadline, text = time.monotonic() + seconds, ""
    while not text and time.monotonic() < deadline:
        time.sleep(0.02)
        text = capfd.readouterr().err
    return text


def test_a_head_that_goes_is_told_with_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        with watched_head(address, "sweep resume tiny", seconds=0.02):
            assert said_within(capfd, 0.2) == ""
            head.close()
            text = said_within(capfd, 30)
            assert f"the head of the cluster at {address} does not answer" in text
            assert "`sweep resume tiny` goes on" in text
            assert said_within(capfd, 0.2) == "", "once"


def test_nobody_watches_after_the_sweep(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        with watched_head(address, "sweep resume tiny", seconds=0.02):
            pass
    assert said_within(capfd, 0.3) == ""
