"""What a look at backups finds: how long ago a restore was proven, and whether the log is without a gap.

A backup that was never restored is a hope: its age says little, that of the last drill says what counts.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import psycopg

from rollbook.core import clock
from rollbook.core.checks import Checked, State, fine
from rollbook.core.errors import RollbookError
from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import ChainBroken, NoBackupsYet
from rollbook.ops.backup.keys import key_ring
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.repository import open_repository
from rollbook.ops.backup.retry import Patience
from rollbook.ops.backup.source import source
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.proofs import Proof, last_proofs
from rollbook.ops.recovery.targets import ranges
from rollbook.ops.recovery.wal_catalog import Coverage
from rollbook.ops.recovery.wal_slot import SlotState, slot_state

PROVEN_WITHIN: Final = timedelta(days=8)
BACKED_UP_WITHIN: Final = timedelta(hours=26)
ARCHIVED_WITHIN: Final = timedelta(minutes=10)
_SLOT_WARNS_AT_BYTES: Final = 2 * 1024**3
_CREATE: Final = "rollbook backup create"
_DRILL: Final = "rollbook backup drill"
_WAL: Final = "rollbook backup wal"


def look_over(chosen: Settings, now: Callable[[], datetime] = clock.now) -> list[Checked]:
    """Return what is found in the repository of ``chosen``, and of the slot of its server if that answers.

    A repository that is away is not waited for.
    """
    repository = open_repository(chosen=chosen)
    try:
        vault = Vault(repository, key_ring(repository, chosen), patience=Patience(bound_s=0))
        return judge(vault, _slot_of(chosen), now)
    except NoBackupsYet:
        return [_none()]
    except RollbookError as error:
        return [Checked("backup", State.WRONG, str(error), "rollbook backup list")]


def _slot_of(chosen: Settings) -> SlotState | None:
    try:
        with source(chosen).connect() as db:
            return slot_state(db)
    except (RollbookError, psycopg.Error):
        return None


def judge(vault: Vault, slot: SlotState | None, now: Callable[[], datetime] = clock.now) -> list[Checked]:
    """Return what is found in ``vault``, and of the server's slot.

    Raises: ``RepositoryUnreachable`` and its like.
    """
    found = vault.catalog()
    proofs, covered = last_proofs(vault), ranges(vault, found.backups)
    at = now()
    checks = [_last_backup(found.backups, at), _last_proof(proofs, at)]
    if found.damaged:
        checks.append(_damaged(len(found.damaged)))
    checks.extend(_files(vault, found))
    newest = next((one for one in reversed(found.backups) if one.backup_id in covered), None)
    if newest is not None:
        checks.append(_log(covered[newest.backup_id], slot, at))
    return [*checks, *_slot(slot)]


def _files(vault: Vault, found: Catalog) -> Iterator[Checked]:
    """Look whether the newest copy of the server and the newest dump are there, by names and sizes alone."""
    for is_physical in (True, False):
        newest = [one for one in found if one.is_physical is is_physical and one.kind != "schema"][-1:]
        for backup in newest:
            if (lost := _lost(vault, found, backup)) is not None:
                sentence = f"The newest {backup.kind} backup, {backup.backup_id}, cannot be restored: {lost}"
                mend = f"{_CREATE} --{'base' if is_physical else 'full'}"
                yield Checked("backup-files", State.WRONG, sentence, mend)


def _lost(vault: Vault, found: Catalog, backup: Backup) -> str | None:
    try:
        chain = found.chain(backup.backup_id)
    except ChainBroken as error:
        return str(error)
    for link in chain:
        for name, left_bytes in vault.lost(link).items():
            return f"{name} is {'missing' if left_bytes is None else 'cut off'}."
    return None


def _last_backup(backups: tuple[Backup, ...], at: datetime) -> Checked:
    holding = [one for one in backups if one.kind != "schema"]
    if not holding:
        return _none()
    age = at - holding[-1].ended_at
    sentence = f"Last backup {ago(age)}."
    if age < timedelta(0):
        return Checked(
            "backup", State.WARNING, "The last backup is from the future: a clock was wrong.", "date"
        )
    return (
        fine("backup", sentence)
        if age <= BACKED_UP_WITHIN
        else Checked("backup", State.WARNING, sentence, _CREATE)
    )


def _none() -> Checked:
    return Checked("backup", State.WARNING, "There is no backup.", _CREATE)


def _last_proof(proofs: list[Proof], at: datetime) -> Checked:
    proven = next((one for one in proofs if one.is_proven), None)
    if proofs and not proofs[0].is_proven:
        sentence = f"The last drill, {ago(at - proofs[0].ended_at)}, failed: {proofs[0].findings[0]}"
        return Checked("restore", State.WRONG, sentence, f"{_CREATE} --base, then {_DRILL}")
    if proven is None:
        return Checked("restore", State.WARNING, "No restore was ever proven.", _DRILL)
    age = at - proven.ended_at
    sentence = f"Last restore proven {ago(age)}."
    if timedelta(0) <= age <= PROVEN_WITHIN:
        return fine("restore", sentence)
    return Checked("restore", State.WARNING, sentence, _DRILL)


def _damaged(count: int) -> Checked:
    sentence = f"{count} manifests in the repository are damaged: those backups cannot be restored."
    return Checked("backup-manifests", State.WRONG, sentence, f"{_CREATE} --base")


def _log(coverage: Coverage, slot: SlotState | None, at: datetime) -> Checked:
    """Say how far the newest backup can be brought."""
    if coverage.missing is not None:
        sentence = f"The log has a gap after {coverage.until:%Y-%m-%d %H:%M}: {coverage.missing} is missing."
        return Checked("log", State.WRONG, f"{sentence} Nothing later can be restored.", _CREATE)
    sentence = f"Any moment until {ago(at - coverage.until)} can be restored."
    if slot is None:
        return Checked("log", State.WARNING, f"{sentence} The log is not archived.", _WAL)
    is_late = at - coverage.until > ARCHIVED_WITHIN
    return Checked("log", State.WARNING, sentence, _WAL) if is_late else fine("log", sentence)


def _slot(slot: SlotState | None) -> list[Checked]:
    if slot is None:
        return []
    if slot.is_lost:
        sentence = "The server gave up keeping its log for the archive: a stretch of it is lost."
        return [Checked("log-slot", State.WRONG, sentence, f"{_WAL}, then {_CREATE}")]
    if not slot.is_active:
        sentence = f"Nobody reads the server's log; it keeps {slot.held_bytes // 1024**2:,} MB of it."
        return [Checked("log-slot", State.WARNING, sentence, f"{_WAL}, or {_WAL} --stop")]
    if slot.held_bytes > _SLOT_WARNS_AT_BYTES:
        sentence = f"The archive is behind: {slot.held_bytes // 1024**2:,} MB of the log wait for it."
        return [Checked("log-slot", State.WARNING, sentence, "see what `rollbook backup wal` says")]
    return [fine("log-slot", "The server's log is read as it is written.")]


def ago(age: timedelta) -> str:
    """Say how long ago something was, in the largest unit that fits."""
    seconds = age.total_seconds()
    if seconds < 0:
        return "in the future"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
