import errno
import json
import math
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.errors import LedgerError, StorageError
from sweep.ledger import FORMAT, Ledger, events
from sweep.ledger.events import (
    DriverStarted,
    Event,
    SweepCreated,
    TrialEnded,
    TrialEvent,
    TrialJudged,
    TrialPlanned,
    TrialProgressed,
    TrialReported,
)
from sweep.ledger.lines import decode, encode

EVENT_CLASSES = [
    value
    for value in vars(events).values()
    if isinstance(value, type) and issubclass(value, Event) and value not in (Event, TrialEvent)
]

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def any_event(*classes: type[Event]) -> st.SearchStrategy[Event]:
    builders = []
    for event_class in classes or EVENT_CLASSES:
        hints = get_type_hints(event_class)
        open_fields = [name for name, hint in hints.items() if hint == dict[str, Any]]
        changes: dict[str, st.SearchStrategy[Any]] = {
            "time": st.floats(min_value=1, max_value=2e9),
            **{name: st.dictionaries(st.text(), any_json, max_size=3) for name in open_fields},
        }
        if event_class is SweepCreated:
            changes["format"] = st.just(FORMAT)
        builders.append(st.builds(event_class, **changes))
    return st.one_of(builders)


def same(left: Event, right: Event) -> bool:
    """Equal, NaN equal to NaN."""
    return repr(left) == repr(right)


PLANNED = TrialPlanned(trial_id="t-1", arm="real_ratio=0.5", parameters={"real_ratio": 0.5}, seed=0, time=5.0)
ENDED = TrialEnded(trial_id="t-1", outcome="finished", reason="", iteration=100, time=6.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@given(st.lists(any_event(), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_events_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[Event]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.jsonl")
    returned = [ledger.append(event) for event in written]
    read = list(Ledger(ledger.path).read())
    assert len(read) == len(written)
    assert all(same(*pair) for pair in zip(read, written, strict=True))
    assert all(same(*pair) for pair in zip(read, returned, strict=True))


@given(any_event())
@settings(max_examples=200, deadline=None)
def test_a_line_is_strict_ascii_json_without_inner_newlines(event: Event) -> None:
    line = encode(event)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii()
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert same(decode(line), event)


@given(st.lists(any_event(), min_size=1, max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_a_torn_last_line_costs_that_event_at_most(
    tmp_path_factory: pytest.TempPathFactory, written: list[Event], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    lines = [encode(event) for event in written]
    kept = data.draw(st.integers(0, len(lines[-1])))
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:kept])
    whole = written if kept == len(lines[-1]) else written[:-1]
    assert list(map(repr, Ledger(path).read())) == list(map(repr, whole))
    Ledger(path).append(PLANNED)
    assert list(map(repr, Ledger(path).read())) == [*map(repr, whole), repr(PLANNED)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_non_finite_metrics_survive(ledger: Ledger, value: float) -> None:
    ledger.append(
        TrialReported(
            trial_id="a", iteration=1, metrics={"val_miou": value}, mixture={}, counts={}, seconds=1.0
        )
    )
    ledger.append(
        TrialJudged(trial_id="a", rung=1, decision="stop", rule="", reason="", value=value, cutoff=value)
    )
    reported, judged = ledger.read()
    assert isinstance(reported, TrialReported) and isinstance(judged, TrialJudged)
    read_back = [reported.metrics["val_miou"], judged.value, judged.cutoff]
    assert list(map(repr, read_back)) == [repr(value)] * 3


def test_text_that_looks_like_nan_stays_text(ledger: Ledger) -> None:
    event = replace(PLANNED, arm="NaN", parameters={"model.encoder": "NaN", "real_ratio": 0.5})
    ledger.append(event)
    assert list(ledger.read()) == [event]


def test_non_finite_values_are_refused_where_they_would_not_come_back(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        ledger.append(replace(PLANNED, parameters={"real_ratio": math.nan}))
    assert list(ledger.read()) == []


def test_time_is_set_unless_given(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1234.5)
    assert ledger.append(replace(PLANNED, time=0.0)).time == 1234.5
    assert ledger.append(PLANNED).time == 5.0
    assert [event.time for event in ledger.read()] == [1234.5, 5.0]


def test_a_missing_file_is_an_empty_ledger(ledger: Ledger) -> None:
    assert list(ledger.read()) == []
    assert ledger.read_from(0) == ([], 0)
    assert not ledger.path.exists()


def test_reading_goes_on_from_an_offset_and_waits_for_half_a_line(ledger: Ledger) -> None:
    ledger.append(PLANNED)
    first, offset = ledger.read_from(0)
    assert first == [PLANNED]
    half, rest = encode(ENDED)[:20], encode(ENDED)[20:]
    with ledger.path.open("ab") as file:
        file.write(half)
    assert ledger.read_from(offset) == ([], offset)
    with ledger.path.open("ab") as file:
        file.write(rest)
    events_after, end = ledger.read_from(offset)
    assert events_after == [ENDED]
    assert end == ledger.path.stat().st_size


def test_a_follower_survives_the_mending_of_a_torn_line(ledger: Ledger) -> None:
    ledger.append(PLANNED)
    with ledger.path.open("ab") as file:
        file.write(encode(ENDED)[:-2])
    _, offset = ledger.read_from(0)
    Ledger(ledger.path).append(replace(ENDED, reason="anew"))
    assert ledger.read_from(offset)[0] == [replace(ENDED, reason="anew")]


@pytest.mark.parametrize("tail", [b"\0\0\0\0", b"\0\0\0\0\n", b'l_id":"t-1"}\n', b"\xff\xfe\n"])
def test_a_tail_that_is_no_json_is_torn(ledger: Ledger, tail: bytes) -> None:
    ledger.append(PLANNED)
    with ledger.path.open("ab") as file:
        file.write(tail)
    assert list(ledger.read()) == [PLANNED]
    Ledger(ledger.path).append(ENDED)
    assert list(ledger.read()) == [PLANNED, ENDED]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (b'{"event":"TrialEnded","trial_id":\n', "not JSON"),
        (b"\n", "not JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'{"trial_id":"t-1"}\n', "no event named"),
        (b'{"event":"TrialEnded","trial_id":"t-1","outcome":"finished","reason":""}\n', "lacks iteration"),
        (b'{"event":"DriverStarted","pid":"7","host":"a"}\n', "pid is '7', which is not int"),
        (b'{"event":"DriverStarted","pid":true,"host":"a"}\n', "pid is True, which is not int"),
        (b'{"event":"DriverStarted","pid":7.5,"host":"a"}\n', "pid is 7.5, which is not int"),
        (b'{"event":"DriverStarted","pid":7,"host":"a","time":NaN}\n', "NaN is not a JSON number"),
        (b'{"event":"DriverStarted","pid":7,"host":null}\n', "host is None, which is not str"),
        (
            b'{"event":"DriverStarted","pid":7,"host":"a","time":"soon"}\n',
            "time is 'soon', which is not float",
        ),
        (b'{"event":"DriverEnded","outcome":"fine","reason":""}\n', "outcome is 'fine'"),
        (
            b'{"event":"TrialReported","trial_id":"a","iteration":1,"metrics":{"val_miou":[1]},"mixture":{},'
            b'"counts":{},"seconds":1}\n',
            "metrics.val_miou is [1], which is not float",
        ),
        (
            b'{"event":"TrialReported","trial_id":"a","iteration":1,"metrics":{},"mixture":{},'
            b'"counts":{"label":[1,"2"]},"seconds":1}\n',
            "counts.label[1] is '2', which is not int",
        ),
    ],
)
def test_a_damaged_line_is_named_with_the_way_to_mend_it(ledger: Ledger, damage: bytes, says: str) -> None:
    ledger.path.write_bytes(encode(PLANNED) + damage + encode(ENDED))
    with pytest.raises(LedgerError) as caught:
        list(ledger.read())
    assert str(caught.value).startswith(f"{ledger.path}:2: the line is damaged: ")
    assert says in str(caught.value)
    assert "delete the line" in str(caught.value)


def test_a_damaged_line_behind_an_offset_is_named_by_its_number_in_the_file(ledger: Ledger) -> None:
    ledger.append(PLANNED)
    ledger.append(ENDED)
    _, offset = ledger.read_from(0)
    with ledger.path.open("ab") as file:
        file.write(b"{}\n" + encode(ENDED))
    with pytest.raises(LedgerError, match=r"ledger\.jsonl:3: "):
        ledger.read_from(offset)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"event":"TrialPaused","trial_id":"a"}\n', "unknown event 'TrialPaused'"),
        (b'{"event":"DriverStarted","pid":7,"host":"a","gpus":2,"mood":1}\n', "unknown fields: gpus, mood"),
        (b'{"event":"SweepCreated","format":%d,"else":1}\n' % (FORMAT + 1), "reads up to"),
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_lines_of_a_newer_version_are_refused(ledger: Ledger, line: bytes, says: str, is_last: bool) -> None:
    ledger.path.write_bytes(encode(PLANNED) + line + (b"" if is_last else encode(ENDED)))
    with pytest.raises(LedgerError) as caught:
        list(ledger.read())
    assert str(caught.value).startswith(f"{ledger.path}:2: ")
    assert says in str(caught.value)
    assert "newer version of segsweep" in str(caught.value)


def _partial_write(file: int, content: bytes) -> int:
    return _real_write(file, content[: len(content) // 2])


def _no_space(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_real_write = os.write


@pytest.mark.parametrize(
    ("call", "broken"), [("write", _partial_write), ("write", _no_space), ("fsync", _no_space)]
)
def test_a_full_disk_leaves_the_ledger_whole(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, call: str, broken: Any
) -> None:
    ledger.append(PLANNED)
    before = ledger.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, broken)
        with pytest.raises(StorageError, match="No space left on device") as caught:
            ledger.append(ENDED)
    assert str(ledger.path) in str(caught.value)
    assert ledger.path.read_bytes() == before
    ledger.append(ENDED)
    assert list(ledger.read()) == [PLANNED, ENDED]


def test_what_could_not_be_cut_off_on_a_full_disk_is_cut_off_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append(PLANNED)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _partial_write)
        patch.setattr(os, "ftruncate", _no_space)
        with pytest.raises(StorageError):
            ledger.append(ENDED)
    assert not ledger.path.read_bytes().endswith(b"\n")
    ledger.append(ENDED)
    assert list(ledger.read()) == [PLANNED, ENDED]


def test_a_folder_that_does_not_exist_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "ledger.jsonl"
    with pytest.raises(StorageError, match="nowhere"):
        Ledger(path).append(PLANNED)


def test_every_event_but_progress_is_synced(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append(PLANNED)  # a new file syncs its folder too
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    ledger.append(TrialProgressed(trial_id="a", iteration=1, train_loss=1.0, lr=0.1, seconds=1.0))
    assert synced == []
    ledger.append(DriverStarted(pid=1, host="a"))
    assert len(synced) == 1


def test_what_comes_together_is_synced_once_and_before_the_block_ends(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append(PLANNED)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with ledger.together():
        ledger.append(DriverStarted(pid=1, host="a"))
        ledger.append(ENDED)
        assert synced == []
        assert len(list(ledger.read())) == 3  # others see it at once
    assert len(synced) == 1
    with ledger.together():
        ledger.append(TrialProgressed(trial_id="a", iteration=1, train_loss=1.0, lr=0.1, seconds=1.0))
    assert len(synced) == 1  # nothing that must last
    ledger.append(ENDED)
    assert len(synced) == 2


def test_what_cannot_be_synced_is_a_storage_error(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.append(PLANNED)
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(StorageError, match="No space left"), ledger.together():
        ledger.append(ENDED)


def test_a_line_is_one_write(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def write(file: int, content: bytes) -> int:
        written.append(content)
        return _real_write(file, content)

    monkeypatch.setattr(os, "write", write)
    ledger.append(PLANNED)
    assert written == [encode(PLANNED)]


def test_threads_do_not_mix_their_lines(ledger: Ledger) -> None:
    def append_some(name: str) -> None:
        for iteration in range(50):
            ledger.append(TrialProgressed(trial_id=name, iteration=iteration, train_loss=1, lr=1, seconds=1))

    threads = [threading.Thread(target=append_some, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = [event for event in ledger.read() if isinstance(event, TrialProgressed)]
    for name in "abcd":
        assert [event.iteration for event in read if event.trial_id == name] == list(range(50))
