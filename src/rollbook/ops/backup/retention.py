"""Which backups may go: none that is new, none that a kept one builds on, none that cannot be judged."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollbook.ops.backup.errors import ChainBroken
from rollbook.ops.backup.manifest import FILES, MANIFESTS, Backup, Catalog, manifest_name
from rollbook.ops.backup.repository import Entry
from rollbook.ops.backup.vault import Vault

# A writer that is still at work after two days is not one of ours.
_ABANDONED_AFTER: Final = timedelta(days=2)

Wal = Callable[[Vault, Sequence[Backup]], Sequence[Entry]]
"""Which WAL files nobody needs who restores one of these backups."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept in any case.

    Units: ``count`` chains (a base backup with its incrementals is one), and as many logical backups of each
    kind; ``days`` of age at the end of a backup. What either of them keeps is kept.
    """

    count: int
    days: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: backups, WAL, and files of backups that were never finished."""

    backups: tuple[str, ...]
    wal_files: int
    abandoned_files: int
    bytes: int


def expendable(known: Catalog, rule: Retention, now: datetime) -> list[Backup]:
    """Return the backups that ``rule`` lets go, those that build on others first.

    A backup whose chain is broken or damaged is left to a person: it neither goes nor counts.
    """
    chains = dict(_whole_chains(known))
    wanted = _newest(chains, rule.count) | _younger(chains, now - timedelta(days=rule.days))
    needed = {link.backup_id for one in wanted for link in chains[one]}
    return [backup for backup in reversed(known.backups) if backup.backup_id in chains.keys() - needed]


def _whole_chains(known: Catalog) -> Iterator[tuple[str, tuple[Backup, ...]]]:
    for backup in known:
        try:
            yield backup.backup_id, known.chain(backup.backup_id)
        except ChainBroken:
            continue


def _newest(chains: dict[str, tuple[Backup, ...]], count: int) -> set[str]:
    """Return the backups of the newest chains of each kind; a chain is as new as its newest backup."""
    by_kind: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for backup_id, (first, *_) in reversed(chains.items()):  # a dictionary keeps the catalog's order
        by_kind[first.kind].setdefault(first.backup_id, []).append(backup_id)
    return {
        backup_id
        for of_kind in by_kind.values()
        for members in list(of_kind.values())[: max(1, count)]
        for backup_id in members
    }


def _younger(chains: dict[str, tuple[Backup, ...]], since: datetime) -> set[str]:
    return {backup_id for backup_id, chain in chains.items() if chain[-1].ended_at >= since}


def prune(
    vault: Vault, rule: Retention, now: datetime, *, wal: Wal | None = None, dry_run: bool = False
) -> Pruned:
    """Remove what ``rule`` lets go, and what writers that were killed left; ``dry_run``: only say what.

    A backup's manifest goes first: killed in between, this leaves files without a backup, never the reverse.
    """
    known = vault.catalog()
    going = expendable(known, rule, now)
    gone = {backup.backup_id for backup in going}
    kept = [backup for backup in known if backup.backup_id not in gone]
    # what a manifest that cannot be read needs of the log, nobody knows: it may be of a key that comes back
    old_wal = list(wal(vault, kept)) if wal is not None and not known.damaged else []
    abandoned = list(_abandoned(vault, now))
    if not dry_run:
        for backup in going:
            vault.repository.delete(manifest_name(backup.backup_id))
            _delete(vault, (file.name for file in backup.files))
        _delete(vault, (entry.name for entry in (*old_wal, *abandoned)))
        vault.repository.tidy(now - _ABANDONED_AFTER)
    return Pruned(
        backups=tuple(backup.backup_id for backup in going),
        wal_files=len(old_wal),
        abandoned_files=len(abandoned),
        bytes=sum(backup.bytes for backup in going) + sum(entry.bytes for entry in (*old_wal, *abandoned)),
    )


def _delete(vault: Vault, names: Iterable[str]) -> None:
    for name in names:
        vault.repository.delete(name)


def _abandoned(vault: Vault, now: datetime) -> Iterator[Entry]:
    """Yield the files of backups without a manifest that nobody can be writing any more.

    Where there is no manifest at all, somebody lost them: then nothing is taken for abandoned.
    """
    listed = {
        name.removeprefix(f"{MANIFESTS}/").removesuffix(".json") for name in vault.repository.names(MANIFESTS)
    }
    for entry in vault.repository.entries(FILES) if listed else ():
        if entry.name.split("/")[1] not in listed and entry.modified_at < now - _ABANDONED_AFTER:
            yield entry
