"""The first line of a ledger: what was run, with what."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from sweep.engine.create import create_sweep, git_revision, library_versions, must_be_unchanged
from sweep.errors import ChangedError
from sweep.ledger import FORMAT, Ledger
from sweep.ledger.events import SweepCreated
from sweep.plan import protocol_id, regime_id
from sweep.spec import LoadedSpec, load_spec, spec_from_dict
from sweep.storage import SweepFolder
from tests.specs import tiny_spec, write_spec


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSpec:
    return load_spec(
        write_spec(tmp_path / "x.yaml", tiny_spec(tmp_path / "sweeps")), ["training.iterations=20"]
    )


def created(loaded: LoadedSpec, name: str = "tiny") -> SweepCreated:
    folder = SweepFolder(loaded.spec.storage.path, name)
    folder.create()
    create_sweep(folder, loaded)
    (event,) = Ledger(folder.ledger).read()
    assert isinstance(event, SweepCreated)
    return event


def test_ledger_begins_with_what_is_run(loaded: LoadedSpec, tmp_path: Path) -> None:
    event = created(loaded)
    assert (event.name, event.format) == ("tiny", FORMAT)
    assert spec_from_dict(event.spec) == loaded.spec, "with what --set said"
    assert event.spec_text == (tmp_path / "x.yaml").read_text(), "as the user wrote it"
    assert event.protocol_id == protocol_id(loaded.spec)
    assert event.regime_id == regime_id(loaded.spec)
    assert event.versions == library_versions()


def test_sweeps_of_one_spec_are_two_sweeps_of_one_protocol(loaded: LoadedSpec) -> None:
    one, two = created(loaded, "one"), created(loaded, "two")
    assert one.sweep_id != two.sweep_id
    assert (one.protocol_id, one.regime_id) == (two.protocol_id, two.regime_id)


def test_versions_are_those_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = library_versions()
    assert versions["torch"] == version("torch")
    assert versions["segsweep"] == version("segsweep")
    assert re.fullmatch(r"3\.\d+\.\d+\S*", versions["python"])
    assert "not installed" not in versions.values()
    monkeypatch.setattr("sweep.engine.create._LIBRARIES", ("no-such-library",))
    assert library_versions()["no-such-library"] == "not installed"


def test_no_revision_outside_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert git_revision() is None


def test_revision_says_whether_files_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    assert git_revision() is None, "no commit yet"
    (tmp_path / "a").touch()
    git("add", "a")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    git("tag", "v1")
    revision = git_revision()
    assert revision == git("rev-parse", "HEAD")
    (tmp_path / "a").write_text("changed")
    assert git_revision() == f"{revision}-dirty"


def test_no_revision_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_revision() is None


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_sweep_goes_on_only_with_what_it_began_with(loaded: LoadedSpec) -> None:
    event = created(loaded)
    must_be_unchanged(event, loaded.spec)
    other = tiny_spec(loaded.spec.storage.path)
    other["data"]["validation"]["count"] = 5
    other["training"]["iterations"] = 20
    with pytest.raises(ChangedError, match="the protocol id was") as error:
        must_be_unchanged(event, spec_from_dict(other))
    assert "regime" not in str(error.value)
