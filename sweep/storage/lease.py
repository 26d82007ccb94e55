"""One driver at a time may write a sweep in an object store: a lease instead of a lock.

Who wants the sweep writes a claim, once, and renews it through an object beside it. Which claim is the oldest
and which are still renewed is told by the store's own times, never by a clock of this or another machine.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import NameInUseError, StorageError
from sweep.storage.store import Store, StoredObject

FOLDER = "lease"
_CLOCK = "clock"
_RENEWAL = ".renewed"

SECONDS_BETWEEN_RENEWALS = 10.0
SECONDS_TO_LIVE = 60.0
"""After the last renewal a claim counts for nothing."""
_SECONDS_TO_TRUST = 45.0
"""After the last renewal its owner itself stops to trust it: well before others do."""
_LOST = "another driver has taken the sweep over"
_SECONDS_TO_SETTLE = 1.5
"""After a claim was written, those written before it are all listed; a store's times are whole seconds."""


class LeaseLostError(StorageError):
    """Another driver has taken the sweep over."""


@dataclass(frozen=True)
class Claim:
    """Somebody who wants to write the sweep, or does."""

    nonce: str
    since: int
    """When it was made, by the store's clock, in nanoseconds."""
    renewed: int
    """When it was last renewed, likewise."""
    is_renewed: bool
    """Whether it ever was: by somebody who holds the sweep, not just wants it."""


class Lease:
    """The claim of this process to the sweep `name`. `acquire` first."""

    def __init__(self, store: Store, name: str, settle: float = _SECONDS_TO_SETTLE) -> None:
        self.nonce = ""
        """Tells this claim from others, and the segments of its driver."""
        self._store = store
        self._name = name
        self._settle = settle
        self._renewed = 0.0

    def acquire(self) -> None:
        """Claims the sweep.

        Raises:
            NameInUseError: somebody else holds it; the message says who.
            StorageError: the store cannot be written.
        """
        began = time.monotonic()
        while not self._claim_quickly():
            began = time.monotonic()
        try:
            time.sleep(self._settle)
            self._must_be_first()
        except Exception:
            self._remove(self.nonce)
            raise
        self._renewed = began

    def renew(self) -> None:
        """Says that the claim still stands.

        Raises:
            LeaseLostError: it does not: for long the store was out of reach, and another driver took over.
            StorageError: the store cannot be written.
        """
        began, was_trusted = time.monotonic(), self.is_trusted
        self._must_stand(alone=not was_trusted)
        self._write(_RENEWAL, b"")
        if not was_trusted:
            self._must_stand(alone=True)  # whoever claimed it meanwhile has seen that it is renewed
        self._renewed = began

    def release(self) -> None:
        """Lets go of the sweep. Raises StorageError."""
        self._remove(self.nonce)

    @property
    def is_trusted(self) -> bool:
        """Whether nobody else can have taken over."""
        return time.monotonic() - self._renewed < _SECONDS_TO_TRUST

    def _claim_quickly(self) -> bool:
        """Whether the claim was written within a moment. One that was under way for long may bear a time from
        before others looked for it: it is taken back."""
        self.nonce = uuid.uuid4().hex[:12]
        began = time.monotonic()
        self._write("", json.dumps(_this_process()).encode())
        if time.monotonic() - began < max(self._settle, _SECONDS_TO_SETTLE):
            return True
        self._remove(self.nonce)
        return False

    def _must_be_first(self) -> None:
        """Removes claims of the dead. Raises NameInUseError."""
        claims = _claims(self._store, self._name)
        own = next((one for one in claims if one.nonce == self.nonce), None)
        if own is None:
            raise StorageError(f"{self._store.uri}: the store does not list what it was given")
        for other in claims:
            if other.nonce == self.nonce:
                continue
            if not _is_live(other, own.renewed) or _is_of_dead_process(self._store, self._name, other):
                self._remove(other.nonce)
            elif other.is_renewed or (other.since, other.nonce) < (own.since, own.nonce):
                raise NameInUseError(_in_use(self._store, self._name, other, own.renewed))

    def _must_stand(self, *, alone: bool) -> None:
        """The claim is still there; `alone`: there is no other, though one may take a while to give way."""
        for attempt in range(2):
            nonces = {one.nonce for one in _claims(self._store, self._name)}
            if self.nonce not in nonces:
                raise LeaseLostError(_LOST)
            if nonces == {self.nonce} or not alone:
                return
            if attempt == 0:
                time.sleep(2 * self._settle)
        self._remove(self.nonce)
        raise LeaseLostError(_LOST)

    def _write(self, ending: str, content: bytes) -> None:
        self._store.write(f"{self._name}/{FOLDER}/{self.nonce}{ending}", content)

    def _remove(self, nonce: str) -> None:
        self._store.delete(f"{self._name}/{FOLDER}/{nonce}{_RENEWAL}")
        self._store.delete(f"{self._name}/{FOLDER}/{nonce}")


def is_held(store: Store, name: str) -> bool:
    """Whether a driver somewhere writes the sweep. Raises StorageError."""
    claims = _claims(store, name)
    if not claims:
        return False
    now = _time_of(store, name)
    return any(_is_live(one, now) and not _is_of_dead_process(store, name, one) for one in claims)


def _claims(store: Store, name: str) -> list[Claim]:
    """Oldest first."""
    objects = {one.name: one for one in store.objects(f"{name}/{FOLDER}")}
    claims = [
        _claim(one, objects.get(nonce + _RENEWAL))
        for nonce, one in objects.items()
        if not nonce.endswith(_RENEWAL)
    ]
    return sorted(claims, key=lambda claim: (claim.since, claim.nonce))


def _claim(made: StoredObject, renewal: StoredObject | None) -> Claim:
    renewed = made.time if renewal is None else max(made.time, renewal.time)
    return Claim(made.name, made.time, renewed, is_renewed=renewal is not None)


def _time_of(store: Store, name: str) -> int:
    """Now, by the store's clock; by ours where nothing can be written there."""
    folder, nonce = f"{name}/{_CLOCK}", uuid.uuid4().hex
    try:
        store.write(f"{folder}/{nonce}", b"")
        times = [one.time for one in store.objects(folder) if one.name == nonce]
        store.delete(f"{folder}/{nonce}")
    except StorageError:
        return time.time_ns()
    return max(times, default=time.time_ns())


def _is_live(claim: Claim, now: int) -> bool:
    return now - claim.renewed < SECONDS_TO_LIVE * 1e9


def _is_of_dead_process(store: Store, name: str, claim: Claim) -> bool:
    """Whether it was made on this very machine by a process that is no more."""
    owner = _owner(store, name, claim)
    pid = owner.get("pid")
    if owner.get("place") != _place() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is another user's
    return False


def _in_use(store: Store, name: str, claim: Claim, now: int) -> str:
    owner = _owner(store, name, claim)
    left = SECONDS_TO_LIVE - (now - claim.renewed) / 1e9
    return (
        f"the sweep {name!r} is running: process {owner.get('pid', '?')} on {owner.get('host', '?')}. If"
        f" that machine is gone, the sweep is free again in {max(1.0, left):.0f} s"
    )


def _owner(store: Store, name: str, claim: Claim) -> dict[str, int | str]:
    """What a claim says of its process; empty if it is gone or unreadable."""
    try:
        found = json.loads(store.read(f"{name}/{FOLDER}/{claim.nonce}") or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _this_process() -> dict[str, int | str]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "place": _place()}


def _place() -> str:
    """Where a process id means the same process: this boot of this machine, and this container on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()
