"""Where sweeps lie: a folder, or a prefix in an object store that a URI names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from sweep.errors import StorageError
from trainables.cache import cache_folder

SCHEMES = ("s3", "gs")
DEFAULT_STORAGE = Path("sweeps")
STORAGE_VARIABLE = "SEGSWEEP_STORAGE"
"""Environment variable that names another one."""

_OPTIONS = ("endpoint_override", "region", "scheme")
_CREDENTIALS = (
    "do not belong in the storage's URI, which the ledger and logs keep; leave them to the environment "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS) or to the machine's role"
)


@dataclass(frozen=True)
class StoreURI:
    """A prefix in an object store, without credentials: `s3://bucket/sweeps?region=eu-central-1`."""

    scheme: str
    path: str
    """Bucket and prefix, without slashes at the ends."""
    query: str = ""
    """`endpoint_override`, `region` and `scheme`, as the user wrote them."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}" + (f"?{self.query}" if self.query else "")

    def __truediv__(self, name: str) -> StoreURI:
        return replace(self, path=f"{self.path}/{name}")

    def absolute(self) -> StoreURI:
        """Itself: what `pathlib.Path` makes of a relative path."""
        return self

    @property
    def options(self) -> dict[str, str]:
        """The query, parsed."""
        return dict(parse_qsl(self.query))

    @property
    def working_copy(self) -> Path:
        """The folder on this machine where sweeps of the store are worked on."""
        key = hashlib.sha256(str(self).encode()).hexdigest()[:12]
        return cache_folder() / "stores" / f"{self.path.rpartition('/')[2]}-{key}"


Storage = Path | StoreURI
"""A folder that all nodes see, or a prefix in an object store."""


def storage_at(text: str) -> Storage:
    """The storage that a user names. It is told apart here, before a `Path` swallows a slash of `s3://`.

    Raises:
        StorageError: the URI is of a kind that is not known, names no bucket, or holds credentials.
    """
    if "://" not in text:
        return Path(text)
    parts = urlsplit(text)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise StorageError(f"a storage is a folder or begins with {known}, not with {parts.scheme}://")
    if "@" in parts.netloc:
        raise StorageError(f"user names and passwords {_CREDENTIALS}")
    unknown = [key for key, _ in parse_qsl(parts.query, keep_blank_values=True) if key not in _OPTIONS]
    if secret := [key for key in unknown if "key" in key or "token" in key or "secret" in key]:
        raise StorageError(f"{', '.join(secret)} {_CREDENTIALS}")
    if unknown:
        raise StorageError(f"unknown in a storage's URI: {', '.join(unknown)}; known: {', '.join(_OPTIONS)}")
    path = "/".join(part for part in (parts.netloc, *parts.path.split("/")) if part)
    if not parts.netloc or parts.fragment:
        raise StorageError(f"a storage's URI is such as {parts.scheme}://bucket/sweeps")
    return StoreURI(parts.scheme, path, parts.query)


def storage_and_name(storage: Storage, name: str) -> tuple[Storage, str]:
    """Where a sweep lies that a command names by name alone, by `URI/NAME` or by `/absolute/path/NAME`.

    Raises:
        StorageError: as `storage_at`.
    """
    if "://" in name:
        return _parent_of(storage_at(name))
    if name.startswith("/"):
        return _parent_of(Path(name))
    return storage.absolute(), name


def _parent_of(place: Storage) -> tuple[Storage, str]:
    if isinstance(place, Path):
        return place.parent, place.name
    parent, _, name = place.path.rpartition("/")
    if not parent:
        raise StorageError(f"{place} names a bucket, not a sweep; give such as {place}/sweeps/NAME")
    return replace(place, path=parent), name
