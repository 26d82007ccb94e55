"""Tells a webhook when a trial fails and when the sweep ends. Never holds a sweep up, never makes it fail."""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import threading
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.text import Text

from sweep.errors import NotifyError
from sweep.ledger.events import Event, TrialEnded
from sweep.ledger.state import SweepState
from sweep.live.lines import summary
from sweep.results import metric_of
from sweep.secrets import without_secrets
from sweep.spec import NotifyConfig

_SECONDS_TO_ANSWER = 10.0
_SECONDS_TO_FINISH = 25.0
_NAMED = 5  # failures in a message; a machine that is broken makes hundreds
_log = logging.getLogger("segsweep.notify")


class Notifier:
    """A listener that sends JSON by POST, in a thread of its own.

    A message has `text` (Slack, Mattermost, Teams) and `content` (Discord), which are the same, and for
    programs `sweep`, `sweep_id`, `event` (`failed` or `end`) and `outcome`.
    """

    def __init__(self, url: str, when: Sequence[str]) -> None:
        self._url = url
        self._when = when
        self._state: SweepState | None = None
        self._failed: queue.SimpleQueue[tuple[str, SweepState] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send_failures, name="notify", daemon=True)
        self._thread.start()

    def __call__(self, event: Event, state: SweepState) -> None:
        """Takes note of a trial that failed; returns at once."""
        self._state = state
        if isinstance(event, TrialEnded) and event.outcome == "failed" and "failed" in self._when:
            trial = state.trials[event.trial_id]
            words = f"{trial.trial_id} {trial.arm} seed={trial.planned.seed}: {event.reason}"
            self._failed.put((words, state))

    def finish(self) -> None:
        """Sends what is left, and how the sweep ended; waits for that some seconds at most."""
        self._failed.put(None)
        self._thread.join(_SECONDS_TO_FINISH)
        if "end" in self._when and self._state is not None:
            self._send("end", self._state, _end_words(self._state))

    def _send_failures(self) -> None:
        """Those that have come while a message was on its way go together."""
        while (first := self._failed.get()) is not None:
            lines, state, is_last = [first[0]], first[1], False
            while not self._failed.empty():
                if (more := self._failed.get()) is None:
                    is_last = True
                    break
                lines.append(more[0])
            left_out = [f"and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
            head = f"sweep {state.created.name}: {len(lines)} trial{'s' * (len(lines) > 1)} failed"
            self._send("failed", state, "\n".join([head, *lines[:_NAMED], *left_out]))
            if is_last:
                return

    def _send(self, event: str, state: SweepState, text: str) -> None:
        text = without_secrets(text)
        message: dict[str, Any] = {
            "text": text,
            "content": text,
            "sweep": state.created.name,
            "sweep_id": state.created.sweep_id,
            "event": event,
            "outcome": state.outcome,
        }
        headers = {"Content-Type": "application/json", "User-Agent": "segsweep"}
        try:
            request = Request(self._url, json.dumps(message).encode(), headers)  # noqa: S310 - it is https
            with urlopen(request, timeout=_SECONDS_TO_ANSWER):  # noqa: S310
                return
        except HTTPError as error:
            reason = f"it answers {error.code}"
        except HTTPException as error:  # its text may hold the address
            reason = type(error).__name__
        except (URLError, OSError, ValueError) as error:
            reason = str(getattr(error, "reason", error)).replace(self._url, "its address")
        _log.warning("the webhook was not told of %s: %s", event, reason)  # never the URL: it is a secret


def _end_words(state: SweepState) -> str:
    from sweep.report import latest_verdict  # seconds to import, which no trial is to wait for

    counts = Text.from_markup(summary(state, metric_of(state))).plain
    how = state.outcome or "its driver broke off"
    return "\n".join([f"sweep {state.created.name}: {how}", counts, latest_verdict(state)])


def notifier_of(config: NotifyConfig) -> Notifier | None:
    """None if nobody is to be told.

    Raises:
        NotifyError: the environment variable is not there, or holds no address that may be used.
    """
    if config.webhook is None:
        return None
    url = os.environ.get(config.webhook, "")
    where = f"notify.webhook names the environment variable {config.webhook}, which"
    if not url:
        raise NotifyError(f"{where} is not set; set it to the webhook's URL, or set notify.webhook to null")
    if not _may_be_used(url):
        raise NotifyError(
            f"{where} holds no https:// address that can be used (http:// only to this machine; no spaces, "
            "no user name)"
        )
    return Notifier(url, config.when)


def _may_be_used(url: str) -> bool:
    """Nobody but the receiver is to read along."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # each raises ValueError where it makes no sense
    except ValueError:
        return False
    is_near = parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    is_plain = url.isascii() and not re.search(r"[\s\x00-\x1f\x7f]", url) and parts.username is None
    return bool(host) and (is_near or parts.scheme == "https") and is_plain
