"""What one backup is made of: a sealed JSON, published when all its files are there. Without it is no backup.

A manifest is a stream like any other (frames.py), bound to its name: one edited or swapped does not open.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import uuid4

from rollbook import __version__
from rollbook.core.errors import RollbookError
from rollbook.core.keyring import Keyring
from rollbook.ops.backup.errors import (
    BackupNotFound,
    BackupThere,
    ChainBroken,
    ManifestDamaged,
    RepositoryRefused,
    RepositoryUnreachable,
)
from rollbook.ops.backup.frames import open_frames, seal
from rollbook.ops.backup.repository import Repository, Stored

Kind = Literal["base", "incremental", "full", "schema", "data"]
MANIFESTS: Final = "manifests"
FILES: Final = "files"
WAL: Final = "wal"
PHYSICAL: Final = frozenset({"base", "incremental"})
_OF_THE_REPOSITORY: Final = (RepositoryUnreachable, RepositoryRefused)


@dataclass(frozen=True, slots=True)
class TableSum:
    """What a table held at backup time. ``checksum``: ordered over its rows; "" where none was taken."""

    rows: int
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup that is whole.

    Shape:  ``backup_id`` sorts by time; ``parent`` is the backup that an incremental builds on; LSNs as
    PostgreSQL writes them ("0/3000028"); ``first_wal``/``last_wal`` the segments that a physical one needs;
    ``tables`` by schema.table; ``facts`` what else its maker wants to know again, no secrets.
    """

    backup_id: str
    kind: Kind
    began_at: datetime
    ended_at: datetime
    server_version: str
    files: tuple[Stored, ...]
    parent: str | None = None
    database: str | None = None
    system_identifier: str | None = None
    timeline: int | None = None
    start_lsn: str | None = None
    end_lsn: str | None = None
    first_wal: str | None = None
    last_wal: str | None = None
    tables: Mapping[str, TableSum] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    tool_version: str = __version__

    @property
    def is_physical(self) -> bool:
        """Whether it is a copy of the cluster's files, not of what is in the database."""
        return self.kind in PHYSICAL

    @property
    def bytes(self) -> int:
        """What its files take in the repository."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A manifest that cannot be used, and why."""

    backup_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """The backups of a repository, oldest first (``in_order``), and the manifests that are damaged."""

    backups: tuple[Backup, ...]
    damaged: tuple[Damaged, ...] = ()

    def __iter__(self) -> Iterator[Backup]:
        """Yield the backups, oldest first."""
        return iter(self.backups)

    def find(self, backup_id: str) -> Backup:
        """Return the backup of that id; "latest" is the newest that holds rows.

        Raises: ``BackupNotFound``; ``ManifestDamaged``.
        """
        if backup_id == "latest" and (holding := [one for one in self.backups if one.kind != "schema"]):
            return holding[-1]
        for backup in self.backups:
            if backup.backup_id == backup_id:
                return backup
        for one in self.damaged:
            if one.backup_id == backup_id:
                raise ManifestDamaged(backup_id=backup_id, reason=one.reason)
        raise BackupNotFound(backup_id=backup_id)

    def chain(self, backup_id: str) -> tuple[Backup, ...]:
        """Return what must be had to restore a backup, the base first and that backup last.

        Raises: ``BackupNotFound``; ``ManifestDamaged``; ``ChainBroken``.
        """
        links = [self.find(backup_id)]
        known = {backup.backup_id: backup for backup in self.backups}
        while (parent := links[0].parent) is not None:
            if parent not in known or len(links) > len(known):
                raise ChainBroken(backup_id=backup_id, missing=parent)
            links.insert(0, known[parent])
        return tuple(links)


def new_id(at: datetime) -> str:
    """Return an id for a backup that begins now: sorts by time, and no two are alike."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}"


def files_of(backup_id: str) -> str:
    """Return where the files of a backup are kept."""
    return f"{FILES}/{backup_id}"


def file_name(backup_id: str, name: str) -> str:
    """Return where a file of a backup is kept: its name in the repository."""
    return f"{files_of(backup_id)}/{name}"


def manifest_name(backup_id: str) -> str:
    """Return where a backup's manifest is kept."""
    return f"{MANIFESTS}/{backup_id}.json"


def publish(repository: Repository, backup: Backup, ring: Keyring) -> Stored:
    """Write the manifest of a backup whose files are all there: from now on it is listed.

    Raises: ``BackupThere``; as ``Repository.put``.
    """
    name = manifest_name(backup.backup_id)
    if repository.exists(name):
        raise BackupThere(backup_id=backup.backup_id)
    content = json.dumps(asdict(backup), default=_plain, indent=1).encode()
    return repository.put(name, seal([content], ring.key(ring.primary), about=name))


def read(repository: Repository, backup_id: str, ring: Keyring) -> Backup:
    """Return a backup by its manifest.

    Raises: ``ManifestDamaged``; ``BackupNotFound``; ``RepositoryUnreachable``.
    """
    name = manifest_name(backup_id)
    if not repository.exists(name):
        raise BackupNotFound(backup_id=backup_id)
    content = b"".join(open_frames(repository.get(name), ring, about=name))
    backup = _parsed(backup_id, content)
    if backup.backup_id != backup_id:
        raise ManifestDamaged(backup_id=backup_id, reason="it is another backup's")
    return backup


def catalog(repository: Repository, ring: Keyring) -> Catalog:
    """Return every backup of ``repository``. A damaged manifest is named, and hides no other.

    Raises: ``RepositoryUnreachable``; ``RepositoryRefused``.
    """
    found: list[Backup] = []
    damaged: list[Damaged] = []
    for name in repository.names(MANIFESTS):
        backup_id = name.removeprefix(f"{MANIFESTS}/").removesuffix(".json")
        try:
            found.append(read(repository, backup_id, ring))
        except _OF_THE_REPOSITORY:
            raise
        except BackupNotFound:
            continue  # somebody pruned it just now
        except RollbookError as error:
            damaged.append(Damaged(backup_id, str(error)))
    return Catalog(in_order(found), tuple(damaged))


def in_order(backups: Iterable[Backup]) -> tuple[Backup, ...]:
    """Sort by time; the copies of one server among themselves by its log, which no clock turns back."""
    by_time = sorted(backups, key=lambda one: (one.began_at, one.backup_id))
    copies: dict[str, list[Backup]] = defaultdict(list)
    for one in by_time:
        if one.is_physical and one.system_identifier:
            copies[one.system_identifier].append(one)
    next_of = {system: iter(sorted(those, key=_place_in_log)) for system, those in copies.items()}
    return tuple(
        next(next_of[one.system_identifier]) if one.is_physical and one.system_identifier else one
        for one in by_time
    )


def _place_in_log(copy: Backup) -> tuple[int, ...]:
    return copy.timeline or 0, *(int(half, 16) for half in (copy.end_lsn or "0/0").split("/"))


def _parsed(backup_id: str, content: bytes) -> Backup:
    try:
        told: dict[str, Any] = json.loads(content)
        told["files"] = tuple(Stored(**file) for file in told["files"])
        told["tables"] = {name: TableSum(**said) for name, said in told["tables"].items()}
        for moment in ("began_at", "ended_at"):
            told[moment] = datetime.fromisoformat(told[moment])
        return Backup(**told)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"written by another release of Rollbook: {type(error).__name__}"
        raise ManifestDamaged(backup_id=backup_id, reason=reason) from None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
