"""A repository with a provider: S3 and what speaks like it, Azure Blob, GCS; one library for all, obstore.

Credentials come from the environment as that library reads it (AWS_..., AZURE_..., GOOGLE_...), or from the
file that NAME_FILE names. What the library says of an error is not told on: it may quote a signed address.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as refusals
from obstore.store import from_url

from rollbook.ops.backup.errors import (
    RepositoryRefused,
    RepositoryUnreachable,
    RepositoryUrlInvalid,
    StoredFileMissing,
)
from rollbook.ops.backup.repository import Entry, Measure, Stored, checked_name, is_name

_MIB: Final = 1024 * 1024
# A provider takes 10,000 parts: 640 GB of one stream, with at most three parts in memory.
_PART_BYTES: Final = 64 * _MIB
_PARTS_AT_ONCE: Final = 2
_WHOLE_BYTES: Final = 8 * _MIB
# A request is bounded in time, its answer included: what is large is asked for piece by piece.
_GET_BYTES: Final = 32 * _MIB
# Long outages are waited out by who called (retry.py), with the clock that they were given.
_RETRIES: Final = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
_TIMEOUTS: Final = {"timeout": timedelta(minutes=10), "connect_timeout": timedelta(seconds=10)}
_SECRETS: Final = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
    "AZURE_STORAGE_SAS_KEY": "sas_key",
    "AZURE_STORAGE_CLIENT_SECRET": "client_secret",
}
_PREFIXES: Final = {"s3": "AWS_", "s3a": "AWS_"}
_PREFIX_OF_AZURE: Final = "AZURE_"


def open_cloud(url: str) -> "Cloud":
    """Return the repository at ``url``; nothing connects yet.

    Raises: ``RepositoryUrlInvalid``.
    """
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    if parts.username or parts.password or parts.query or not parts.hostname:
        raise RepositoryUrlInvalid(reason="it may hold a bucket and a path, nothing else")
    given = _from_files(parts.scheme, os.environ)
    plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes"}
    options: dict[str, Any] = {**_TIMEOUTS, **({"allow_http": True} if plain else {})}
    try:
        store = from_url(url, client_options=options, retry_config=_RETRIES, **given)  # type: ignore[call-overload]  # options by provider
    except (refusals.BaseError, ValueError):
        raise RepositoryUrlInvalid(reason="the provider's library does not take it") from None
    return Cloud(store, where)


def _from_files(scheme: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the credentials that stand in files: NAME_FILE for NAME."""
    prefix = _PREFIXES.get(scheme, _PREFIX_OF_AZURE)
    return {
        option: Path(environment[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        for name, option in _SECRETS.items()
        if name.startswith(prefix) and environment.get(f"{name}_FILE")
    }


class Cloud:
    """Files below the path of a bucket. A file is there when its last part is acknowledged, not before."""

    def __init__(self, store: Any, where: str) -> None:  # noqa: ANN401 -- one class per provider
        """Take the library's ``store`` and its URL without credentials."""
        self._store = store
        self.where = where

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Send it: at once where it is small, else in parts, which the provider joins at the end."""
        checked_name(name)
        source = _Source(Measure(chunks))
        begin = source.take(_WHOLE_BYTES)
        with self._told(name, source):
            if source.is_spent:
                obstore.put(self._store, name, begin, use_multipart=False)
            else:
                obstore.put(
                    self._store,
                    name,
                    chain([begin], source),
                    use_multipart=True,
                    chunk_size=_PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                )
        return source.measure.stored(name)

    def get(self, name: str) -> Iterator[bytes]:
        """Fetch it, piece by piece where it is large."""
        with self._told(checked_name(name)):
            size = obstore.head(self._store, name)["size"]
        for begin in range(0, size, _GET_BYTES):
            with self._told(name):
                piece = obstore.get_range(self._store, name, start=begin, end=min(begin + _GET_BYTES, size))
            yield bytes(piece)

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """List them; the provider pages."""
        found: list[Entry] = []
        with self._told():
            for page in obstore.list(self._store, prefix=checked_name(folder) if folder else None):
                found += [
                    Entry(one["path"], one["size"], one["last_modified"])
                    for one in page
                    if is_name(one["path"])
                ]
        yield from sorted(found, key=lambda entry: entry.name)

    def names(self, folder: str = "") -> list[str]:
        """List them."""
        return [entry.name for entry in self.entries(folder)]

    def exists(self, name: str) -> bool:
        """Ask for it."""
        try:
            with self._told(checked_name(name)):
                obstore.head(self._store, name)
        except StoredFileMissing:
            return False
        return True

    def delete(self, name: str) -> None:
        """Remove it."""
        try:
            with self._told(checked_name(name)):
                obstore.delete(self._store, name)
        except StoredFileMissing:
            return

    def tidy(self, before: datetime) -> int:  # noqa: ARG002 -- a Repository has it
        """Leave parts that were never joined to the bucket's lifecycle rule: nobody can list them here."""
        return 0

    @contextmanager
    def _told(self, name: str = "", source: "_Source | None" = None) -> Iterator[None]:
        """Turn the library's errors into ours; what the caller's chunks raised goes on as it was."""
        try:
            yield
        except FileNotFoundError:
            if name and (source is None):
                raise StoredFileMissing(name=name, where=self.where) from None
            raise RepositoryRefused(where=self.where, reason="there is no such bucket") from None
        except (refusals.PermissionDeniedError, refusals.UnauthenticatedError) as error:
            raise RepositoryRefused(where=self.where, reason=type(error).__name__) from None
        except (refusals.BaseError, OSError, ValueError) as error:
            if source is not None and source.failed is not None:
                raise source.failed from None
            raise RepositoryUnreachable(where=self.where, reason=type(error).__name__) from None


class _Source:
    """A caller's chunks, of which a few may be taken first; remembers what they raised."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.failed: BaseException | None = None
        self.is_spent = False
        self._chunks = iter(measure)

    def take(self, least: int) -> bytes:
        taken = bytearray()
        while len(taken) < least:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.is_spent = True
                break
            taken += chunk
        return bytes(taken)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except BaseException as error:
            self.failed = error
            raise
