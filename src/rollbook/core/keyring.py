"""The key ring: the file with the keys of encrypted columns. Whoever has it reads them; it is in no database.

Shape:  JSON, mode 0600: ``primary``, the id of the key that new values are encrypted with; ``keys`` by id.
"""

import base64
import binascii
import fcntl
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rollbook.core import clock
from rollbook.core.errors import Conflict, Unavailable
from rollbook.core.settings import Settings, settings

FILE: Final = "keyring.json"
KEY_BYTES: Final = 32
ID_BYTES: Final = 4
_MODE: Final = 0o600
_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class RingMissing(Unavailable):
    """There is no key ring at {path}.

    Put back the copy that you keep; `rollbook keys new` makes the first one.
    """


class RingUnreadable(Unavailable):
    """The key ring {path} cannot be read ({reason}). Put back the copy that you keep."""


class RingExposed(Unavailable):
    """Others than its owner may open the key ring {path}. Run `chmod 600` on it."""


class RingThere(Conflict):
    """There is a key ring at {path} already. `rollbook keys rotate` gives it a new key."""


class KeyUnknown(Unavailable):
    """A value is encrypted with the key {key_id}, which the key ring does not have.

    Put back the ring that has it.
    """


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what its values call it, when it was made, and the secret itself, which no repr shows."""

    key_id: str
    made_at: datetime
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys by id, and which of them encrypts."""

    path: Path
    primary: str
    keys: Mapping[str, Key] = field(repr=False)

    def key(self, key_id: str) -> Key:
        """Return a key.

        Raises: ``KeyUnknown``.
        """
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyUnknown(key_id=key_id) from None


def ring_path(chosen: Settings | None = None) -> Path:
    """Return where the ring is, or will be."""
    said = chosen or settings()
    return _absolute(said.keyring or said.home / FILE)


@lru_cache(maxsize=16)
def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def ring(at: Path | None = None) -> Keyring:
    """Return the ring as it is now, by default this process's: read again when the file changes.

    Raises: ``RingMissing``; ``RingUnreadable``; ``RingExposed``.
    """
    path = at or ring_path()
    try:
        found = path.stat()
    except FileNotFoundError:
        raise RingMissing(path=path) from None
    except OSError as error:
        raise RingUnreadable(path=path, reason=error.strerror) from error
    if found.st_mode & _OF_OTHERS:
        raise RingExposed(path=path)
    return _read(path, (found.st_ino, found.st_mtime_ns, found.st_size))


def make_ring(at: Path | None = None) -> Keyring:
    """Make a ring with one key.

    Raises: ``RingThere``.
    """
    path = at or ring_path()
    with _alone(path):
        if path.exists():
            raise RingThere(path=path)
        first = _new_key()
        return _write(Keyring(path, first.key_id, {first.key_id: first}))


def add_key(at: Path | None = None) -> Keyring:
    """Add a key; new values are encrypted with it from now on, in every process that has this file."""
    path = at or ring_path()
    with _alone(path):
        known, new = ring(path), _new_key()
        return _write(replace(known, primary=new.key_id, keys={**known.keys, new.key_id: new}))


def drop_key(key_id: str) -> Keyring:
    """Forget a key for good: what is still encrypted with it, as in an old backup, stays unreadable.

    Raises: ``KeyUnknown``.
    """
    with _alone(ring_path()):
        known = ring()
        known.key(key_id)
        assert key_id != known.primary
        kept = {one: key for one, key in known.keys.items() if one != key_id}
        return _write(replace(known, keys=kept))


def _new_key() -> Key:
    return Key(secrets.token_hex(ID_BYTES), clock.now(), secrets.token_bytes(KEY_BYTES))


@lru_cache(maxsize=4)
def _read(path: Path, _version: tuple[int, int, int]) -> Keyring:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        keys = {key_id: _key(key_id, said) for key_id, said in told["keys"].items()}
        return Keyring(path, keys[told["primary"]].key_id, keys)
    except OSError as error:
        raise RingUnreadable(path=path, reason=error.strerror) from error
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        # what was wrong would quote the file
        raise RingUnreadable(path=path, reason="it is not what Rollbook wrote") from None


def _key(key_id: str, said: Mapping[str, str]) -> Key:
    secret = base64.b64decode(said["secret"], validate=True)
    if len(secret) != KEY_BYTES or len(bytes.fromhex(key_id)) != ID_BYTES:
        raise ValueError
    return Key(key_id, datetime.fromisoformat(said["made_at"]), secret)


def _write(new: Keyring) -> Keyring:
    """Replace the file at once, on the disk before anything is encrypted with a key that it adds."""
    content: dict[str, Any] = {
        "primary": new.primary,
        "keys": {
            key.key_id: {"made_at": key.made_at.isoformat(), "secret": base64.b64encode(key.secret).decode()}
            for key in new.keys.values()
        },
    }
    folder = new.path.parent
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{new.path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            _own_like_folder(file.fileno(), folder)
            os.fsync(file.fileno())
        Path(name).replace(new.path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(folder)
    return new


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time change the ring; the lock, on the folder, dies with its process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _own_like_folder(handle: int, folder: Path) -> None:
    """Let a folder's owner keep its files when root writes there."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
