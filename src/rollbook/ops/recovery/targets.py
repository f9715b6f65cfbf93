"""Moments to restore to: what was asked for, whether the repository covers it, and how PostgreSQL is told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from rollbook.ops.backup.errors import ManifestDamaged
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import (
    NoBackup,
    NotPhysical,
    TargetInvalid,
    TargetNotCovered,
    TimelineUnknown,
)
from rollbook.ops.recovery.lsn import parse_lsn
from rollbook.ops.recovery.points import POINT_NAME, find_point
from rollbook.ops.recovery.wal_catalog import Coverage, Line, Moment, WalCatalog, marks_of, read_wal

_LSN: Final = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")
NEWEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Target:
    """A moment. ``end``: where the backup itself ends; ``latest``: where the log does.

    ``timeline``: what the server did on it, where a restore began another one; else the newest.
    """

    kind: Literal["end", "latest", "time", "lsn", "name"]
    text: str = ""
    lsn: int | None = None
    at: datetime | None = None
    timeline: int | None = None

    def __str__(self) -> str:
        """Say it for people."""
        return self.text or {"end": "the backup's end", "latest": "LATEST"}[self.kind]


AT_ITS_END: Final = Target("end")


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

    @property
    def line(self) -> Line:
        """The timelines whose log is replayed."""
        own = self.backup.timeline or 0
        return (own,) if self.target.kind == "end" else self.coverage.line

    def recovery(self) -> Mapping[str, str]:
        """Return PostgreSQL's settings for the target."""
        timeline = {"recovery_target_timeline": "current" if len(self.line) == 1 else str(self.line[-1])}
        match self.target.kind:
            case "end" if self.mark:
                return timeline | {"recovery_target_name": self.mark}
            case "end":
                return timeline | {"recovery_target": "immediate"}
            case "latest":
                return timeline
            case kind:
                return timeline | {f"recovery_target_{kind}": self.target.text}


def parse_target(text: str | None, timeline: int | None = None) -> Target:
    """Return what ``--to`` and ``--timeline`` say; nothing = the backup's end.

    Raises: ``TargetInvalid``.
    """
    return replace(_parsed("LATEST" if text is None and timeline else text), timeline=timeline)


def _parsed(text: str | None) -> Target:
    if text is None:
        return AT_ITS_END
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
    Raises: ``NoBackup``; ``TargetNotCovered``; ``TimelineUnknown``; ``BackupNotFound``; ``ChainBroken``;
    ``ManifestDamaged``.
    """
    catalog, logs = vault.catalog(), Logs(vault)
    if backup_id != NEWEST:
        return plan_of(catalog, logs, catalog.find(backup_id), target)
    held: list[str] = []
    for one in reversed(copies(catalog)):
        try:
            return plan_of(catalog, logs, one, target)
        except TargetNotCovered as error:
            held.insert(0, str(error.facts["held"]))
        except TimelineUnknown as error:
            held.insert(0, f"timeline {error.facts['known']}")
    raise TargetNotCovered(target=target, held="; ".join(dict.fromkeys(held)))


def copies(catalog: Catalog) -> list[Backup]:
    """Return the copies of a server's files, oldest first.

    Raises: ``NoBackup``; ``ManifestDamaged`` if there are none but what is damaged.
    """
    found = [one for one in catalog if one.is_physical]
    if not found and catalog.damaged:
        last = catalog.damaged[-1]
        raise ManifestDamaged(backup_id=last.backup_id, reason=last.reason)
    if not found:
        raise NoBackup
    return found


class Logs:
    """What the repository has of each server's log, asked for once."""

    def __init__(self, vault: Vault) -> None:
        """Take the vault, not yet read."""
        self.vault = vault
        self._known: dict[int, WalCatalog] = {}

    def of(self, copy: Backup) -> WalCatalog:
        """Return the log that a copy of a server's files goes on with."""
        system_id = int(copy.system_identifier or 0)
        if system_id not in self._known:
            self._known[system_id] = read_wal(self.vault, system_id, int(copy.facts["segment_bytes"]))
        return self._known[system_id]


def plan_of(catalog: Catalog, logs: Logs, backup: Backup, target: Target) -> Plan:
    """See that a backup can be brought to a target.

    Raises: as ``plan``, and ``NotPhysical``.
    """
    if not backup.is_physical:
        raise NotPhysical(backup_id=backup.backup_id)
    wal = logs.of(backup)
    ours = [one for one in catalog if one.is_physical and one.system_identifier == backup.system_identifier]
    point = find_point(logs.vault, wal.system_id, target.text) if target.kind == "name" else None
    coverage = wal.covered(backup, [*marks_of(ours), *([point] if point else [])], target.timeline)
    if (point and not wal.is_on(coverage.line, point)) or not _covers(coverage, target, point):
        raise TargetNotCovered(target=target, held=str(coverage))
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
    marks, logs = marks_of(one for one in catalog if one.is_physical), Logs(vault)
    return {
        one.backup_id: logs.of(one).covered(one, marks)
        for one in catalog
        if one.is_physical and one.system_identifier
    }
