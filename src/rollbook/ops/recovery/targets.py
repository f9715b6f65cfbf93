"""Moments to restore to: what was asked for, whether the repository covers it, and how PostgreSQL is told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import NoBackup, NotPhysical, TargetInvalid, TargetNotCovered
from rollbook.ops.recovery.lsn import parse_lsn
from rollbook.ops.recovery.points import POINT_NAME, find_point
from rollbook.ops.recovery.wal_catalog import Coverage, Moment, WalCatalog, marks_of, read_wal

_LSN: Final = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
NEWEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Target:
    """A moment. ``end``: where the backup itself ends; ``latest``: where the log does."""

    kind: Literal["end", "latest", "time", "lsn", "name"]
    text: str = ""
    lsn: int | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        """Say it for people."""
        return self.text or {"end": "the backup's end", "latest": "LATEST"}[self.kind]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is restored: the chain, the base first; up to where; from which log."""

    chain: tuple[Backup, ...]
    target: Target
    coverage: Coverage
    wal: WalCatalog

    @property
    def backup(self) -> Backup:
        """The backup that was asked for."""
        return self.chain[-1]

    @property
    def mark(self) -> str | None:
        """The restore point that its backup ends with."""
        mark = self.backup.facts.get("mark")
        return str(mark["name"]) if mark else None

    def missing_log(self) -> str | None:
        """Return the file of the log that the backup's own restore point needs and that is not there."""
        mark = self.backup.facts.get("mark")
        if not mark or parse_lsn(mark["lsn"]) <= self.coverage.end:
            return None
        return self.coverage.missing or self.backup.last_wal

    def recovery(self) -> Mapping[str, str]:
        """Return PostgreSQL's settings for the target."""
        is_same = self.coverage.timeline == self.backup.timeline or self.target.kind == "end"
        timeline = {"recovery_target_timeline": "current" if is_same else str(self.coverage.timeline)}
        match self.target.kind:
            case "end" if self.mark:
                return timeline | {"recovery_target_name": self.mark}
            case "end":
                return timeline | {"recovery_target": "immediate"}
            case "latest":
                return timeline
            case kind:
                return timeline | {f"recovery_target_{kind}": self.target.text}


def parse_target(text: str | None) -> Target:
    """Return what ``--to`` says; nothing = the backup's end.

    Raises: ``TargetInvalid``.
    """
    if text is None:
        return Target("end")
    if text.upper() == "LATEST":
        return Target("latest")
    if _LSN.fullmatch(text):
        return Target("lsn", text.upper(), lsn=parse_lsn(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is not None:
        return Target("time", at.isoformat(), at=at)
    if at is not None or not POINT_NAME.fullmatch(text):
        raise TargetInvalid(target=text)
    return Target("name", text)


def plan(vault: Vault, backup_id: str, target: Target) -> Plan:
    """Choose the backup and see that the target is covered; nothing is fetched yet.

    ``latest`` with a target is the newest backup from before it.
    Raises: ``NoBackup``; ``TargetNotCovered``; ``BackupNotFound``; ``ChainBroken``; ``ManifestDamaged``.
    """
    catalog = vault.catalog()
    physical = [one for one in catalog if one.is_physical]
    if not physical:
        raise NoBackup
    if backup_id != NEWEST:
        return _plan(vault, catalog, catalog.find(backup_id), target)
    plans = [_plan_or_range(vault, catalog, one, target) for one in reversed(physical)]
    for found in plans:
        if isinstance(found, Plan):
            return found
    held = "; ".join(dict.fromkeys(str(found) for found in reversed(plans)))
    raise TargetNotCovered(target=target, held=held)


def _plan_or_range(vault: Vault, catalog: Catalog, backup: Backup, target: Target) -> Plan | Coverage:
    try:
        return _plan(vault, catalog, backup, target)
    except TargetNotCovered as error:
        found = error.facts["coverage"]
        assert isinstance(found, Coverage)
        return found


def _plan(vault: Vault, catalog: Catalog, backup: Backup, target: Target) -> Plan:
    if not backup.is_physical:
        raise NotPhysical(backup_id=backup.backup_id)
    system_id = int(backup.system_identifier or 0)
    wal = read_wal(vault, system_id, int(backup.facts["segment_bytes"]))
    ours = [one for one in catalog if one.is_physical and one.system_identifier == backup.system_identifier]
    point = find_point(vault, system_id, target.text) if target.kind == "name" else None
    coverage = wal.covered(backup, [*marks_of(ours), *([point] if point else [])])
    if not _covers(coverage, target, point):
        raise TargetNotCovered(target=target, held=str(coverage), coverage=coverage)
    return Plan(catalog.chain(backup.backup_id), target, coverage, wal)


def _covers(coverage: Coverage, target: Target, point: Moment | None) -> bool:
    """Say whether the log reaches it; a restore point that we did not write is looked for while replaying."""
    lsn = point.lsn if point else target.lsn
    if lsn is not None:
        return coverage.begin.lsn <= lsn <= coverage.end
    if target.at is not None:
        return coverage.begin.at <= target.at <= coverage.until
    return True


def ranges(vault: Vault, catalog: Sequence[Backup]) -> dict[str, Coverage]:
    """Return by backup what it can be brought to."""
    marks = marks_of(one for one in catalog if one.is_physical)
    wals: dict[str, WalCatalog] = {}
    found = {}
    for backup in catalog:
        if backup.is_physical and backup.system_identifier:
            size = int(backup.facts["segment_bytes"])
            wal = wals.setdefault(
                backup.system_identifier, read_wal(vault, int(backup.system_identifier), size)
            )
            found[backup.backup_id] = wal.covered(backup, marks)
    return found
