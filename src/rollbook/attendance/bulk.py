"""Months of marks at once: a plain file goes into new tables, keyed when they are full, attached as months.

The lines are understood on the way, in one pass. What is not plain (a quotation mark, another way to write a
date, a student whom nobody knows, a mark that repeats) ends the attempt before anything is written, and the
file goes the long way, where each line is looked at and what is wrong is told by its line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import Connection, sql
from psycopg.copy import QueuedLibpqWriter
from psycopg.errors import UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceRecord
from rollbook.attendance.plain import (
    COLUMNS,
    HEAD,
    KNOWN,
    NEEDED,
    STUDENT,
    TAIL,
    NotPlainError,
    Rest,
    begin_row,
    plain_statuses,
    rows_of,
)
from rollbook.core.errors import RollbookError
from rollbook.core.sql import named_sql
from rollbook.intake.files import take_header
from rollbook.intake.format import Run
from rollbook.intake.kinds import Words
from rollbook.intake.members import Member
from rollbook.intake.merge import merge_rows
from rollbook.intake.records import Block, Source, blocks
from rollbook.intake.stage import Hashed, Rename, Staged
from rollbook.intake.target import Expected, Stamp, Target, Written, table_of

MOST_STUDENTS: Final = 1_000_000
LEAST_BYTES: Final = 1 << 20
"""A smaller file is not worth tables of its own."""
_SQL: Final = named_sql("rollbook.attendance", "bulk.sql")
_WEEKS: Final = named_sql("rollbook.attendance", "weeks.sql")


@dataclass(slots=True)
class Load:
    """The months of a file, in the tables of a load; ``staged`` is what the receipt says of the file."""

    staged: Staged
    rows: int
    table: str

    def key(self, db: Session) -> bool:
        """Build the keys; where a mark repeats, forget the load and return False."""
        try:
            with db.begin_nested():
                db.execute(_SQL["key_load"])
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                raise
            db.execute(_SQL["drop_load"])
            return False
        return True

    @property
    def target(self) -> Target:
        """What the pipeline compares and writes."""
        return Target(
            table=table_of(AttendanceRecord),
            incoming=self.table,
            file=self.staged.file,
            key=("student_id", "date", "period"),
            compared=("status", "minutes_late", "reason"),
            is_unique=True,
            month="date",
            merge=self._write,
        )

    def _write(self, db: Session, target: Target, stamp: Stamp, expected: Expected) -> Written:
        """Attach the months that nobody has rows in; merge the others row by row."""
        months = db.execute(_SQL["attach_load"], {"import_id": stamp.import_id}).all()
        attached = [month.month for month in months if month.is_attached]
        db.execute(_WEEKS["note_months"], {"tenant_id": stamp.tenant_id, "months": attached})
        written = Written(new=self.rows)
        if not all(month.is_attached for month in months):
            left = db.scalar(select(func.count()).select_from(target.rows)) or 0
            written = Written(new=self.rows - left) + merge_rows(db, target, stamp, expected)
        db.execute(_SQL["drop_load"])
        return written


def load_plain(run: Run, member: Member, rename: Rename, words: Words) -> Load | None:
    """Load ``member`` into tables of its own; None, and nothing done, if it is small or not plain.

    ``rename`` turns the header's names into ours; ``words`` are what the file says for a status.
    """
    statuses = plain_statuses(words)
    if statuses is None or member.size_bytes < LEAST_BYTES:
        return None
    run.report.step(f"Reading {member.name}", member.size_bytes)
    try:
        with run.db.begin_nested(), member.open(run.report.advance) as source:
            load = _Reading(run, member.name, statuses).load(source, rename)
    except (NotPlainError, RollbookError):
        return None  # a file that cannot be read as it is, the long way refuses with a reason
    run.staged.append(load.staged)
    return load


@dataclass(frozen=True, slots=True)
class _Reading:
    run: Run
    file: str
    statuses: Mapping[bytes, bytes]

    def load(self, source: Source, rename: Rename) -> Load:
        """Load all of ``source``.

        Raises: ``NotPlainError``; the errors of a file that cannot be read.
        """
        hashed = Hashed(source)
        parts = blocks(hashed, self.file)
        header, first = take_header(next(parts, None), self.file)
        names = _plain_names(rename(header))
        every = _with_lines(chain([first] if first.text else [], parts))
        begin = next(every, None)
        if begin is None:
            raise NotPlainError
        today = self.run.now.astimezone(ZoneInfo(self.run.tenant.time_zone)).date()
        rest = _rest_of(names, begin, self.statuses, today)
        table: str = self.run.db.execute(
            _SQL["begin_load"], {"since": rest.since, "until": rest.until}
        ).scalar_one()
        rows = self._copy(table, names.index(STUDENT), chain([begin], every), rest)
        told = dict(zip(header, names, strict=True))
        return Load(Staged(self.file, rows, [], told, hashed.digest.hexdigest()), rows, table)

    def _copy(self, table: str, place: int, parts: Iterator[Block], rest: Rest) -> int:
        students = self._students()
        raw = self.run.db.connection().connection.driver_connection
        assert isinstance(raw, Connection)
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        )
        with raw.cursor() as cursor:
            with cursor.copy(into, writer=QueuedLibpqWriter(cursor)) as copy:
                copy.write(HEAD)
                for part in parts:
                    copy.write(rows_of(part, place, students, rest))
                copy.write(TAIL)
            return cursor.rowcount

    def _students(self) -> dict[bytes, bytes]:
        found = self.run.db.execute(_SQL["student_keys"], {"most": MOST_STUDENTS + 1}).all()
        if len(found) > MOST_STUDENTS:
            raise NotPlainError
        return {number.encode(): begin_row(student_id.bytes) for number, student_id in found}


def _with_lines(parts: Iterator[Block]) -> Iterator[Block]:
    return (part for part in parts if part.text.strip())


def _plain_names(names: Sequence[str]) -> Sequence[str]:
    is_plain = set(NEEDED) <= set(names) <= set(KNOWN) and len(set(names)) == len(names)
    if not is_plain:
        raise NotPlainError
    return names


def _rest_of(names: Sequence[str], first: Block, statuses: Mapping[bytes, bytes], today: date) -> Rest:
    """Let dates be of the year of the first line, the one before and the one after, and none ahead."""
    cells = first.text.partition(b"\n")[0].split(b",")
    day = dict(zip(names, cells, strict=False)).get("date", b"")
    if not day[:4].isdigit() or not 1 < int(day[:4]) < date.max.year:
        raise NotPlainError
    year = int(day[:4])
    if year > today.year:
        raise NotPlainError
    others = [name for name in names if name != STUDENT]
    return Rest(others, statuses, date(year - 1, 1, 1), min(date(year + 1, 12, 31), today))
