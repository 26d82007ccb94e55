"""Objects of a store by name, through pyarrow. No request hangs for ever on a store that does not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep.errors import StorageError
from sweep.storage.location import StoreURI

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_SECONDS_TO_CONNECT = 5.0
_SECONDS_OF_SILENCE = 10.0
_ATTEMPTS = 2  # so that a store that takes connections and then says nothing is an error after 20 s


@dataclass(frozen=True)
class StoredObject:
    """One object."""

    name: str
    """Below the prefix that was listed."""
    size: int
    """In bytes."""
    time: int
    """Of its last writing by the store's own clock, in nanoseconds since the epoch; whole seconds on S3."""


class Store:
    """The objects below a URI; names are relative to it. Every method raises StorageError.

    An object is replaced as a whole: a reader has the old one or the new one.
    """

    def __init__(self, uri: StoreURI) -> None:
        self.uri = uri

    def read(self, name: str) -> bytes | None:
        """None if there is no such object."""
        with self._errors("read", name):
            try:
                with self._files.open_input_stream(self._path(name)) as stream:
                    return bytes(stream.readall())
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Makes or replaces the object."""
        with self._errors("write", name), self._files.open_output_stream(self._path(name)) as stream:
            stream.write(content)

    def upload(self, file: Path, name: str) -> None:
        """As `write`, without holding the file in memory. Raises OSError if the file cannot be read."""
        from pyarrow import memory_map

        with memory_map(str(file)) as content:
            whole = content.read_buffer()  # in one piece: what breaks off between pieces could be completed
            with self._errors("write", name), self._files.open_output_stream(self._path(name)) as stream:
                stream.write(whole)

    def download(self, name: str, file: Path) -> bool:
        """Replaces the file by the object; False if there is none. Raises OSError if it cannot be written."""
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        with self._errors("read", name):
            try:
                stream = self._files.open_input_stream(self._path(name))
            except FileNotFoundError:
                return False
        with stream, part.open("wb") as target:
            while True:
                with self._errors("read", name):
                    piece = stream.read(2**24)
                if not piece:
                    break
                target.write(piece)
        part.replace(file)
        return True

    def size(self, name: str) -> int | None:
        """In bytes; None if there is no such object."""
        with self._errors("read", name):
            info = self._files.get_file_info(self._path(name))
        return int(info.size) if info.is_file else None

    def objects(self, folder: str) -> list[StoredObject]:
        """All objects below a prefix, by name; empty if there are none."""
        start = len(self._path(folder)) + 1
        return sorted(
            (
                StoredObject(info.path[start:], info.size, info.mtime_ns)
                for info in self._listed(folder, recursive=True)
                if info.is_file
            ),
            key=lambda one: one.name,
        )

    def folders(self) -> list[str]:
        """Names of the prefixes right below the URI."""
        return sorted(info.base_name for info in self._listed("", recursive=False) if not info.is_file)

    def delete(self, name: str) -> None:
        """Nothing if there is no such object."""
        with self._errors("delete", name):
            try:
                self._files.delete_file(self._path(name))
            except FileNotFoundError:
                return

    def delete_folder(self, folder: str) -> None:
        """Deletes all objects below a prefix."""
        for one in self.objects(folder):
            self.delete(f"{folder}/{one.name}")

    def _listed(self, folder: str, *, recursive: bool) -> list[Any]:
        """pyarrow's FileInfo of each."""
        from pyarrow.fs import FileSelector

        with self._errors("read", folder):
            selector = FileSelector(self._path(folder), recursive=recursive, allow_not_found=True)
            listed: list[Any] = self._files.get_file_info(selector)
            return listed

    def _path(self, name: str) -> str:
        return f"{self.uri.path}/{name}".rstrip("/")

    @cached_property
    def _files(self) -> FileSystem:
        """Made at the first request: importing pyarrow takes time."""
        return _s3(self.uri) if self.uri.scheme == "s3" else _gcs(self.uri)

    @contextmanager
    def _errors(self, action: str, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, NotImplementedError) as error:  # ArrowInvalid is a ValueError
            if isinstance(error, FileNotFoundError) and action != "write":
                raise
            raise StorageError(
                f"cannot {action} {self.uri / name if name else self.uri}: {_reason(error)}.\n"
                f"Is the store up, the bucket there, and may this machine use it? {_HINTS[self.uri.scheme]}"
            ) from error


_HINTS = {
    "s3": "Credentials come from the environment (AWS_ACCESS_KEY_ID ...), ~/.aws or the machine's role, "
    "another endpoint from AWS_ENDPOINT_URL",
    "gs": "Credentials come from GOOGLE_APPLICATION_CREDENTIALS or the machine's service account",
}


def _s3(uri: StoreURI) -> FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region

    options = uri.options
    has_region = "region" in options or any(key in os.environ for key in _S3_REGIONS)
    has_endpoint = "endpoint_override" in options or any(key in os.environ for key in _S3_ENDPOINTS)
    if not has_region and not has_endpoint:
        options["region"] = resolve_s3_region(uri.path.partition("/")[0])
    return S3FileSystem(
        **options,
        connect_timeout=_SECONDS_TO_CONNECT,
        request_timeout=_SECONDS_OF_SILENCE,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        allow_delayed_open=True,  # small objects in one request, so that their time is that of their writing
    )


_S3_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_S3_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")


def _gcs(uri: StoreURI) -> FileSystem:
    from pyarrow.fs import GcsFileSystem

    options = {key: value for key, value in uri.options.items() if key != "region"}
    return GcsFileSystem(**options, retry_time_limit=timedelta(seconds=2 * _SECONDS_OF_SILENCE))


def _reason(error: Exception) -> str:
    """What the store or the network says, on one line."""
    text = " ".join(str(error).split())
    return text.rpartition("Details: ")[2].rstrip(". ") if "Details: " in text else text.rstrip(". ")
