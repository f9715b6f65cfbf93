"""What the repository has of a database system's write-ahead log: which stretches, on which timelines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from rollbook.ops.backup.documents import read_json
from rollbook.ops.backup.errors import StoredFileMissing, StreamCut, StreamDamaged, StreamForeign
from rollbook.ops.backup.manifest import WAL, Backup
from rollbook.ops.backup.repository import Entry
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import TimelineUnknown
from rollbook.ops.recovery.lsn import (
    DEFAULT_SEGMENT_BYTES,
    HISTORY_NAME,
    NAME,
    PARTIAL,
    Segment,
    parse_lsn,
    parse_segment,
    show_lsn,
)

REACHED: Final = "reached-"
Line = tuple[int, ...]
"""Timelines, each of which left the one before it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the log, and what the server's clock said when it was written."""

    timeline: int
    lsn: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a backup can be brought to with the log that is there.

    Shape:  ``begin`` is the backup's own end; from there the log is there without a gap to ``end`` on the
    last timeline of ``line``; whatever was committed by ``until`` is in it. ``missing``: the file that comes
    next, where later ones are there.
    """

    line: Line
    begin: Moment
    end: int
    until: datetime
    missing: str | None

    def __str__(self) -> str:
        """Say it for people."""
        return (
            f"{self.begin.at:%Y-%m-%d %H:%M:%S%z} to {self.until:%Y-%m-%d %H:%M:%S%z}"
            f" (LSN {show_lsn(self.begin.lsn)} to {show_lsn(self.end)}, timeline {self.line[-1]})"
        )


@dataclass(frozen=True, slots=True)
class WalCatalog:
    """The log of one system.

    Shape:  ``forks``: by timeline, where each of those that it came from was left; ``reached``: up to when it
    was archived whole, for each timeline.
    """

    system_id: int
    segment_bytes: int
    segments: frozenset[Segment]
    partials: frozenset[Segment]
    forks: Mapping[int, Mapping[int, int]]
    reached: tuple[Moment, ...]

    def covered(self, backup: Backup, marks: Sequence[Moment], timeline: int | None = None) -> Coverage:
        """Return what ``backup`` can be brought to; ``marks``: what else is known of when.

        On ``timeline``, or else on the newest that the backup leads to.
        Raises: ``TimelineUnknown``.
        """
        begin = Moment(backup.timeline or 0, parse_lsn(backup.end_lsn or ""), stopped_at(backup))
        line = self.line(backup, timeline)
        number = (begin.lsn - 1) // self.segment_bytes + 1
        while self.wanted(line, number) in self.segments:
            number += 1
        known = [one for one in (*marks, *self.reached) if self.is_on(line, one)]
        end = self._end(line, number, known)
        until = max([begin.at, *(one.at for one in known if begin.lsn <= one.lsn <= end)])
        return Coverage(line, begin, end, until, self._missing(line, number))

    def line(self, backup: Backup, timeline: int | None = None) -> Line:
        """Return the timelines that lead from a backup to ``timeline``, or to the newest that left its own.

        Raises: ``TimelineUnknown``.
        """
        old, ends = backup.timeline or 0, parse_lsn(backup.end_lsn or "")
        leads_to = [old, *sorted(new for new, forks in self.forks.items() if forks.get(old, -1) >= ends)]
        newest = leads_to[-1] if timeline is None else timeline
        if newest not in leads_to:
            known = ", ".join(map(str, leads_to))
            raise TimelineUnknown(backup_id=backup.backup_id, timeline=newest, known=known)
        return (*sorted(one for one in self.forks.get(newest, {}) if old <= one < newest), newest)

    def wanted(self, line: Line, number: int) -> Segment:
        """Return the file of the log that has a segment of a line of timelines.

        Where one leaves another within a segment, the new one begins with a copy of what it shares.
        """
        left = self.forks.get(line[-1], {})
        begun = [line[0], *(new for old, new in pairwise(line) if left[old] // self.segment_bytes <= number)]
        return Segment(begun[-1], number, self.segment_bytes)

    def shared(self, line: Line, segment: Segment) -> int:
        """Return how many bytes of a segment are of a line: not those that an older timeline wrote later."""
        if segment.timeline not in line:
            return 0
        left_at = self.forks.get(line[-1], {}).get(segment.timeline, segment.end)
        return min(max(left_at - segment.begin, 0), segment.size)

    def is_on(self, line: Line, moment: Moment) -> bool:
        """Say whether a moment is one of a line of timelines, and not of what one did after it was left."""
        left_at = self.forks.get(line[-1], {}).get(moment.timeline)
        return moment.timeline in line and (left_at is None or moment.lsn <= left_at)

    def _end(self, line: Line, number: int, known: list[Moment]) -> int:
        """Return how far the log goes; of a segment that is not full, as far as is known."""
        whole = number * self.segment_bytes
        if self.wanted(line, number) in self.partials:
            return max([whole, *(one.lsn for one in known if one.lsn <= whole + self.segment_bytes)])
        older = (Segment(timeline, number, self.segment_bytes) for timeline in line[:-1])
        there = (one for one in older if one in self.segments or one in self.partials)
        return whole + max((self.shared(line, one) for one in there), default=0)

    def _missing(self, line: Line, number: int) -> str | None:
        later = (one for one in self.segments | self.partials if one.number > number)
        has_later = any(one == self.wanted(line, one.number) for one in later)
        return self.wanted(line, number).name if has_later else None


def folder_of(system_id: int | str) -> str:
    """Return where the log of a system is kept."""
    return f"{WAL}/{system_id}"


def stored_name(system_id: int | str, name: str) -> str:
    """Return where a file of the log is kept."""
    return f"{folder_of(system_id)}/{name}"


def stopped_at(backup: Backup) -> datetime:
    """Return when a backup ended, by its server's clock."""
    return datetime.fromisoformat(str(backup.facts["stopped_at"]))


def read_wal(vault: Vault, system_id: int, segment_bytes: int = DEFAULT_SEGMENT_BYTES) -> WalCatalog:
    """Return what is there of the log of a system."""
    names = {name.rpartition("/")[2] for name in vault.repository.names(folder_of(system_id))}
    whole = {name for name in names if NAME.fullmatch(name)}
    partial = {
        name for name in names if name.endswith(PARTIAL) and NAME.fullmatch(name.removesuffix(PARTIAL))
    }
    return WalCatalog(
        system_id,
        segment_bytes,
        frozenset(parse_segment(name, segment_bytes) for name in whole),
        frozenset(parse_segment(name, segment_bytes) for name in partial),
        {int(name[:8], 16): _forks(vault, system_id, name) for name in names if HISTORY_NAME.fullmatch(name)},
        tuple(
            known
            for name in sorted(names)
            if name.startswith(REACHED)
            for known in _reached(vault, stored_name(system_id, name))
        ),
    )


def _reached(vault: Vault, name: str) -> Iterator[Moment]:
    """Yield up to when the log was there; nothing if that is damaged: the log itself is as good as before."""
    with suppress(StreamCut, StreamDamaged, StreamForeign, StoredFileMissing):
        yield moment(read_json(vault, name))


def _forks(vault: Vault, system_id: int, name: str) -> dict[int, int]:
    content = b"".join(vault.open(stored_name(system_id, name))).decode()
    lines = (line.split("\t") for line in content.splitlines() if line[:1].isdigit())
    return {int(timeline): parse_lsn(lsn) for timeline, lsn, *_ in lines}


def moment(told: Mapping[str, Any]) -> Moment:
    """Return a moment as documents of ours tell it."""
    return Moment(int(told["timeline"]), parse_lsn(told["lsn"]), datetime.fromisoformat(str(told["at"])))


def marks_of(backups: Iterable[Backup]) -> list[Moment]:
    """Return the moments that backups marked in the log."""
    return [moment(backup.facts["mark"]) for backup in backups if backup.facts.get("mark")]


def expendable_wal(vault: Vault, backups: Sequence[Backup]) -> Sequence[Entry]:
    """Return the files of the log that no restore of ``backups`` needs: those from before the oldest.

    Of a system of which no backup is left nothing goes: its log may be of a backup that is being made.
    """
    oldest: dict[str, Segment] = {}
    for backup in backups:
        if backup.is_physical and backup.system_identifier and backup.first_wal:
            first = parse_segment(backup.first_wal, int(backup.facts["segment_bytes"]))
            known = oldest.setdefault(backup.system_identifier, first)
            oldest[backup.system_identifier] = min(known, first, key=lambda segment: segment.number)
    return [
        entry
        for system, first in oldest.items()
        for entry in vault.repository.entries(folder_of(system))
        if _is_before(entry.name.rpartition("/")[2], first)
    ]


def _is_before(name: str, first: Segment) -> bool:
    segment = name.removesuffix(PARTIAL)
    return bool(NAME.fullmatch(segment)) and parse_segment(segment, first.size).number < first.number
