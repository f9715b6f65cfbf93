"""Physical backups: the server's files, or what changed in them since the last; with what proves them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import psycopg

from rollbook.core import clock
from rollbook.core.errors import NotFound
from rollbook.core.settings import Settings
from rollbook.ops.backup.documents import whole
from rollbook.ops.backup.errors import (
    BackupVanished,
    ChainBroken,
    FileChanged,
    StreamCut,
    StreamDamaged,
    StreamForeign,
)
from rollbook.ops.backup.manifest import Backup, TableSum, file_name, new_id
from rollbook.ops.backup.repository import Stored
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.base_stream import SERVER_MANIFEST, Range, base_stream
from rollbook.ops.recovery.errors import BaseBackupFailed, IncrementalImpossible, TablespacesThere
from rollbook.ops.recovery.fingerprint import fingerprint
from rollbook.ops.recovery.lsn import Segment, parse_lsn
from rollbook.ops.recovery.marks import Mark, marked
from rollbook.ops.recovery.origin import SUMMARIZES_SINCE, Origin, origin
from rollbook.ops.recovery.wal_keeping import keep_history, keep_log

How = Literal["auto", "base", "incremental"]
TAR: Final = "base.tar"
# Each link must be fetched and put together again: a restore should not depend on too many.
MOST_INCREMENTALS: Final = 13


def create(settings: Settings, vault: Vault, how: How = "auto") -> Backup:
    """Make a physical backup; it is listed only when all of it is there.

    ``auto``: on top of the last one where the server can say what changed since, else all of it.
    A repository that is away meanwhile is waited for, and then the backup begins anew.
    Raises: ``IncrementalImpossible``; ``BaseBackupFailed``; ``CopyForbidden``; ``TablespacesThere``;
    ``LogDiffers``; what the repository raises.
    """
    return vault.patience.insist(lambda: _try(settings, vault, how))


def _try(settings: Settings, vault: Vault, how: How) -> Backup:
    source = origin(settings)
    if source.facts.tablespaces:
        raise TablespacesThere(names=", ".join(source.facts.tablespaces))
    try:
        parent = None if how == "base" else _parent(vault, source)
        return _create(vault, source, parent)
    except (IncrementalImpossible, BackupVanished) as error:
        if how != "auto":
            raise
        vault.report.step(f"Copying everything: {error.facts.get('reason', error)}")
        return _create(vault, source, None)


@dataclass(frozen=True, slots=True)
class _Parent:
    """The backup that an incremental builds on, and what the server wrote of its files."""

    backup: Backup
    manifest: bytes


def _parent(vault: Vault, source: Origin) -> _Parent:
    """Return what an incremental can build on.

    Raises: ``IncrementalImpossible``.
    """
    if source.facts.major < SUMMARIZES_SINCE:
        raise IncrementalImpossible(
            reason=f"PostgreSQL {source.facts.major} keeps no account of what changed"
        )
    if not source.facts.summarizes:
        raise IncrementalImpossible(reason="the server's setting summarize_wal is off")
    catalog = vault.catalog()
    ours = [
        one for one in catalog if one.is_physical and one.system_identifier == str(source.facts.system_id)
    ]
    if not ours:
        raise IncrementalImpossible(reason="there is no earlier backup of this server")
    try:
        chain = catalog.chain(ours[-1].backup_id)
        manifest = b"".join(whole(vault, server_manifest(ours[-1]), ours[-1].backup_id))
    except (NotFound, ChainBroken, FileChanged, StreamDamaged, StreamCut, StreamForeign) as error:
        raise IncrementalImpossible(reason=str(error).rstrip(".")) from error
    if len(chain) > MOST_INCREMENTALS:
        raise IncrementalImpossible(reason=f"{MOST_INCREMENTALS} build on each other already")
    return _Parent(ours[-1], manifest)


def server_manifest(backup: Backup) -> Stored:
    """Return the file that says of each file of the server which it was."""
    return next(one for one in backup.files if one.name.endswith(f"/{SERVER_MANIFEST}"))


def _create(vault: Vault, source: Origin, parent: _Parent | None) -> Backup:
    began = clock.now()
    backup_id = new_id(began)
    vault.report.step("Copying what changed" if parent else "Copying the server's files")
    with vault.whole_or_nothing(backup_id):
        with base_stream(source, parent.manifest if parent else None) as stream:
            tar = vault.keep(file_name(backup_id, TAR), stream)
            listed = vault.keep(file_name(backup_id, SERVER_MANIFEST), [stream.manifest])
            keep_history(vault, source, stream.range.timeline)
            described = _described(source, parent.backup if parent else None, stream.range)
            vault.report.step("Counting what it holds")
            named = replace(described, backup_id=backup_id, began_at=began, files=(tar, listed))
            backup = _marked(vault, source, named)
        vault.publish(backup)
    return backup


def _described(source: Origin, parent: Backup | None, copied: Range) -> Backup:
    facts, now = source.facts, clock.now()
    with source.connected() as db:
        asked: Any = db.execute("SELECT clock_timestamp()").fetchone()
    return Backup(
        backup_id="",
        kind="incremental" if parent else "base",
        began_at=now,
        ended_at=now,
        server_version=source.source.server_version,
        files=(),
        parent=parent.backup_id if parent else None,
        database=facts.database,
        system_identifier=str(facts.system_id),
        timeline=copied.timeline,
        start_lsn=copied.start_lsn,
        end_lsn=copied.end_lsn,
        first_wal=_segment(source, copied.timeline, copied.start_lsn).name,
        last_wal=_segment(source, copied.timeline, copied.end_lsn).name,
        facts={
            "stopped_at": asked[0].isoformat(),
            "segment_bytes": facts.segment_bytes,
            "superuser": facts.superuser,
            "roles": source.source.roles,
        },
    )


def _segment(source: Origin, timeline: int, lsn: str) -> Segment:
    size = source.facts.segment_bytes
    return Segment(timeline, max(0, parse_lsn(lsn) - 1) // size, size)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What can be compared at a mark, or why nothing can."""

    tables: dict[str, TableSum]
    why_not: str | None


def _marked(vault: Vault, source: Origin, backup: Backup) -> Backup:
    """Add a restore point after the copy, the log up to it, and what the tables held there."""
    if source.facts.marks_in is None:
        reason = (
            "the role that makes backups may not mark the server's log and read it (docs/howto/recovery.md)"
        )
        return replace(backup, facts={**backup.facts, "not_compared": reason}, ended_at=clock.now())
    with marked(source) as (mark, snapshot):
        last = _put_log_until(vault, source, backup, mark)
        compared = _compare(mark, snapshot)
    told = {"timeline": backup.timeline, "lsn": mark.lsn, "at": mark.at.isoformat(), "name": mark.name}
    facts = {**backup.facts, "mark": told, "not_compared": compared.why_not}
    return replace(backup, last_wal=last.name, tables=compared.tables, facts=facts, ended_at=clock.now())


def _compare(mark: Mark, snapshot: psycopg.Connection[Any]) -> _Compared:
    if not mark.is_exact:
        return _Compared({}, "transactions wrote all the while")
    try:
        return _Compared(fingerprint(snapshot), None)
    except psycopg.errors.InsufficientPrivilege:
        return _Compared({}, "the role that makes backups does not see every row")


def _put_log_until(vault: Vault, source: Origin, backup: Backup, mark: Mark) -> Segment:
    """Keep the log from the copy's end to its mark, whether or not it is archived all the time."""
    timeline, size = backup.timeline or 0, source.facts.segment_bytes
    last = _segment(source, timeline, mark.lsn)
    first = (parse_lsn(backup.end_lsn or "") - 1) // size + 1
    with source.marking() as db:
        db.execute("SELECT pg_switch_wal()")
        for number in range(first, last.number + 1):
            segment = Segment(timeline, number, size)
            keep_log(vault, source.facts.system_id, segment.name, partial(_read, db, segment, source))
    return last


def _read(db: psycopg.Connection[Any], segment: Segment, source: Origin) -> Iterator[bytes]:
    query = "SELECT pg_read_binary_file(%s, %s, %s, false)"
    step = 4 * 1024 * 1024
    for place in range(0, segment.size, step):
        try:
            found: Any = db.execute(query, [f"pg_wal/{segment.name}", place, step], binary=True).fetchone()
        except psycopg.errors.UndefinedFile as error:
            reason = "the server removed its log too early: raise its max_slot_wal_keep_size"
            raise BaseBackupFailed(reason=reason) from error
        if place == 0:
            segment.check(found[0], source.facts.system_id)
        yield found[0]
