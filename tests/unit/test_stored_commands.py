"""Commands on a sweep in an object store, as a user types them on a machine that knows only its URI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sweep.errors import SpecError
from sweep.ledger import Ledger
from sweep.ledger.events import TrialEnded
from sweep.spec import load_spec
from sweep.storage import StoredSweep, StoreURI, storage_at
from tests.builders import sweep_events
from tests.specs import tiny_spec, write_spec
from tests.store import ENVIRONMENT, Server, environment, s3_server
from tests.terminal import Terminal


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with s3_server() as server, environment(ENVIRONMENT):
        yield server


@pytest.fixture
def uri(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreURI:
    """A storage with the sweep `fake`, of which this machine knows nothing yet."""
    found = storage_at(server.uri)
    assert isinstance(found, StoreURI)
    found = found / tmp_path.name
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "head"))
    head = StoredSweep.at(found, "fake")
    head.create()
    with head.locked():
        for event in sweep_events(arms=(1.0, 0.5), running={("real_ratio=0.5", 1): 90}):
            Ledger(head.ledger).append(event)
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "laptop"))
    return found


def test_reading_commands_take_a_uri(sweep: Terminal, uri: StoreURI, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = sweep("list", "--storage", str(uri))
    assert listed.code == 0 and "fake" in listed.out, listed.err
    assert "fake: " in sweep("status", str(uri / "fake")).out
    assert sweep("compare", str(uri / "fake")).code == 0
    monkeypatch.setenv("SEGSWEEP_STORAGE", str(uri))
    assert "real_ratio=1.0" in sweep("explain", "fake", "t000").out
    assert not (Path.cwd() / "sweeps").exists()
    assert not any(Path.cwd().glob("s3:*")), "a URI is no path"


def test_report_is_brought_to_the_store(sweep: Terminal, uri: StoreURI) -> None:
    done = sweep("report", str(uri / "fake"))
    assert done.code == 0, done.err
    assert {"report/report.md", "report/trials.csv"} <= {
        one.name for one in StoredSweep.at(uri, "fake").objects()
    }


def test_trial_of_a_sweep_that_nobody_runs_is_ended_in_the_store(
    sweep: Terminal, uri: StoreURI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = sweep("stop", str(uri / "fake"), "--trial", "t003")
    assert done.out == "t003 is stopped; no resume goes on with it\n", done.err
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path / "another"))
    elsewhere = StoredSweep.at(uri, "fake")
    elsewhere.fetch()
    *_, last = Ledger(elsewhere.ledger).read()
    assert isinstance(last, TrialEnded) and last.trial_id == "t003"


def test_sweep_that_is_not_there(sweep: Terminal, uri: StoreURI) -> None:
    done = sweep("status", str(uri / "other"))
    assert done.code == 2 and f"no sweep 'other' in {uri}; sweeps there: fake" in done.err


def test_path_names_a_sweep_too(sweep: Terminal, tmp_path: Path) -> None:
    done = sweep("status", str(tmp_path / "x" / "one"))
    assert done.code == 2 and f"no sweep 'one' in {tmp_path / 'x'}; sweeps there: none" in done.err


@pytest.mark.parametrize("option", ["--storage", "NAME", "spec", "environment"])
def test_credentials_in_a_uri_are_refused_wherever_it_stands(
    sweep: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    secret = "s3://KEY:hunter2@bucket/sweeps"
    if option == "environment":
        monkeypatch.setenv("SEGSWEEP_STORAGE", secret)
    write_spec(tmp_path / "tiny.yaml", tiny_spec(Path("sweeps")) | {"storage": {"path": secret}})
    arguments = {
        "--storage": ("list", "--storage", secret),
        "NAME": ("status", f"{secret}/one"),
        "spec": ("plan", "tiny.yaml"),
        "environment": ("list",),
    }[option]
    done = sweep(*arguments)
    assert done.code == 2
    assert "do not belong in the storage's URI" in done.err and "hunter2" not in done.err + done.out


def test_spec_keeps_its_uri_through_the_ledger(tmp_path: Path) -> None:
    uri = "s3://bucket/sweeps?region=eu-central-1"
    file = write_spec(tmp_path / "tiny.yaml", tiny_spec(Path("sweeps")) | {"storage": {"path": uri}})
    spec = load_spec(file).spec
    assert spec.storage.path == storage_at(uri)
    assert spec.model_dump(mode="json")["storage"]["path"] == uri


def test_storage_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = write_spec(tmp_path / "tiny.yaml", tiny_spec(Path("sweeps")) | {"storage": {"path": 5}})
    with pytest.raises(SpecError, match=r"storage\.path is 5; it must be a path, or a URI such as s3:"):
        load_spec(file)
