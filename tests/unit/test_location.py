"""Where sweeps lie: folders and URIs are told apart, and no secret gets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweep.errors import StorageError
from sweep.storage import StoreURI, storage_and_name, storage_at


@pytest.mark.parametrize(
    ("text", "storage"),
    [
        ("sweeps", Path("sweeps")),
        ("/mnt/x/sweeps", Path("/mnt/x/sweeps")),
        ("file:///mnt/x%20y", Path("/mnt/x y")),
        ("s3://bucket/sweeps", StoreURI("s3", "bucket/sweeps")),
        ("s3://bucket//a///b/", StoreURI("s3", "bucket/a/b")),
        ("gs://bucket", StoreURI("gs", "bucket")),
        (
            "s3://bucket/a?endpoint_override=127.0.0.1:5000&scheme=http",
            StoreURI("s3", "bucket/a", "endpoint_override=127.0.0.1:5000&scheme=http"),
        ),
    ],
)
def test_folders_and_uris(text: str, storage: Path | StoreURI) -> None:
    assert storage_at(text) == storage


def test_uri_is_written_as_it_was_read() -> None:
    for text in ("s3://bucket/a/b", "gs://bucket", "s3://bucket/a?region=eu-central-1"):
        assert str(storage_at(text)) == text
    uri = storage_at("s3://bucket/a?region=eu-central-1")
    assert str(uri / "smoke") == "s3://bucket/a/smoke?region=eu-central-1"
    assert uri.absolute() == uri


@pytest.mark.parametrize(
    "text",
    [
        "s3://KEY:hunter2@bucket/a",
        "gs://hunter2@bucket/a",
        "s3://bucket/a?access_key=hunter2",
        "s3://bucket/a?region=x&secret_key=hunter2",
        "s3://bucket/a?session_token=hunter2",
    ],
)
def test_credentials_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(StorageError, match="leave them to the environment") as caught:
        storage_at(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hdfs://host/a", "begins with s3://, gs://, not with hdfs://"),
        ("http://host/a", "not with http://"),
        ("s3:///a", "is such as s3://bucket/sweeps"),
        ("s3://bucket/a?regoin=x", "unknown in a storage's URI: regoin; known: endpoint_override, region"),
    ],
)
def test_other_uris_are_refused(text: str, said: str) -> None:
    with pytest.raises(StorageError, match=said.replace("?", r"\?")):
        storage_at(text)


def test_sweep_may_be_named_by_uri_or_path(tmp_path: Path) -> None:
    elsewhere = tmp_path / "sweeps"
    assert storage_and_name(elsewhere, "one") == (elsewhere, "one")
    assert storage_and_name(elsewhere, "/mnt/x/one") == (Path("/mnt/x"), "one")
    assert storage_and_name(elsewhere, "s3://bucket/a/one?scheme=http") == (
        StoreURI("s3", "bucket/a", "scheme=http"),
        "one",
    )
    with pytest.raises(StorageError, match="names a bucket, not a sweep"):
        storage_and_name(elsewhere, "s3://bucket")


def test_every_uri_has_a_working_copy_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEGSWEEP_CACHE", str(tmp_path))
    uris = [storage_at(text) for text in ("s3://b/a", "gs://b/a", "s3://b/a?region=x", "s3://c/a")]
    folders = {uri.working_copy for uri in uris if isinstance(uri, StoreURI)}
    assert len(folders) == len(uris)
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
