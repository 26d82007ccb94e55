"""Webhooks: told of failures and the end, with no word of the URL, and never in the way."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

import sweep.notify
from sweep.errors import NotifyError, SpecError
from sweep.ledger import replay
from sweep.ledger.events import SweepCreated
from sweep.notify import Notifier, notifier_of
from sweep.spec import NotifyConfig, spec_from_dict
from tests.builders import sweep_events
from tests.specs import tiny_spec


class Hook:
    """A server that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answer = 200
        self.delay = 0.0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                time.sleep(hook.delay)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append(json.loads(body))
                self.send_response(hook.answer)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0/secret-part"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"what do you want\r\n")
    handler.close_connection = True


def tell_all(notifier: Notifier, **changes: Any) -> None:
    first, *rest = sweep_events(arms=(1.0, 0.5), seeds=(0, 1), **changes)
    assert isinstance(first, SweepCreated)
    state = replay([first])
    for event in rest:
        state.apply(event)
        notifier(event, state)
    notifier.finish()


FAILED = {("real_ratio=0.5", 0): 90, ("real_ratio=0.5", 1): 90}


def test_failures_and_the_end(hook: Hook) -> None:
    tell_all(Notifier(hook.url, ("end", "failed")), failed=FAILED)
    *failures, end = hook.told
    said = "\n".join(one["text"] for one in failures)
    assert said.count("img/0007.jpg cannot be read") == 2
    assert all(one["event"] == "failed" and one["content"] == one["text"] for one in failures)
    assert (end["event"], end["outcome"], end["sweep"]) == ("end", "completed", "fake")
    first, counts, verdict = end["text"].split("\n")
    assert first == "sweep fake: completed"
    assert counts.startswith("4 trials: 2 failed, 2 finished")
    assert "at iteration" in verdict


@pytest.mark.parametrize(("when", "events"), [(("end",), {"end"}), (("failed",), {"failed"}), ((), set())])
def test_only_what_is_wanted(hook: Hook, when: tuple[str, ...], events: set[str]) -> None:
    tell_all(Notifier(hook.url, when), failed=FAILED)
    assert {one["event"] for one in hook.told} == events


def test_many_failures_make_few_messages_and_hold_nothing_up(hook: Hook) -> None:
    hook.delay = 0.3
    begun = time.monotonic()
    notifier = Notifier(hook.url, ("failed",))
    first, *rest = sweep_events(
        arms=(1.0, 0.5), seeds=range(20), failed={("real_ratio=0.5", n): 90 for n in range(20)}
    )
    assert isinstance(first, SweepCreated)
    state = replay([first])
    for event in rest:
        state.apply(event)
        notifier(event, state)
    assert time.monotonic() - begun < 20 * hook.delay
    notifier.finish()
    assert len(hook.told) < 10
    assert any("more" in one["text"] for one in hook.told)


@pytest.mark.parametrize("trouble", ["404", "nobody", "slow", "garbage"])
def test_a_webhook_in_trouble_is_a_line_in_the_log_without_its_address(
    hook: Hook, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(logging.getLogger("segsweep"), "propagate", True)
    url = hook.url
    if trouble == "404":
        hook.answer = 404
    elif trouble == "garbage":
        monkeypatch.setattr(hook.server.RequestHandlerClass, "do_POST", no_http)
    elif trouble == "slow":
        hook.delay = 1.0
        monkeypatch.setattr(sweep.notify, "_SECONDS_TO_ANSWER", 0.1)
    else:
        url = "http://127.0.0.1:9/services/secret-part"
    tell_all(Notifier(url, ("end",)))
    assert "the webhook was not told of end" in caplog.text
    assert "secret-part" not in caplog.text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("http://example.org/x", "holds no https:// address"),
        ("file:///etc/passwd", "holds no https:// address"),
        ("https://", "holds no https:// address"),
        ("https://me:pw@example.org/", "holds no https:// address"),
        ("https://example.org/ä", "holds no https:// address"),
        ("https://[example", "holds no https:// address"),
        ("https://example.org:x/", "holds no https:// address"),
        ("https://example.org/a b", "holds no https:// address"),
        ("https://example.org/a\nb", "holds no https:// address"),
    ],
)
def test_an_address_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, value: str | None, told: str
) -> None:
    monkeypatch.delenv("MY_HOOK", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_HOOK", value)
    with pytest.raises(NotifyError, match=told) as caught:
        notifier_of(NotifyConfig(webhook="MY_HOOK"))
    assert "example" not in str(caught.value)
    assert "passwd" not in str(caught.value)


def test_nobody_is_told_by_default() -> None:
    assert notifier_of(NotifyConfig()) is None


def test_a_url_in_the_spec_is_refused() -> None:
    with pytest.raises(SpecError, match=r"notify\.webhook .* name of an environment variable"):
        spec_from_dict({**tiny_spec("x"), "notify": {"webhook": "https://hooks.example.org/T0"}})  # type: ignore[arg-type]
