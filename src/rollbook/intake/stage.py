"""Stage a file: COPY it into a temporary table of text, each row with its line number."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.core.progress import Report
from rollbook.intake.cells import restore_cells
from rollbook.intake.encoding import Readable
from rollbook.intake.errors import RowsLost
from rollbook.intake.files import check_header, open_source, take_header
from rollbook.intake.layout import LINE_NUMBER, Layout
from rollbook.intake.liberties import Liberties
from rollbook.intake.quarantine import keep_spooled
from rollbook.intake.records import Block, Numbered, Source, blocks
from rollbook.intake.rejects import REST, Rejects, Spool

FIX_UP_COLUMNS: Final = ("rollbook_import", "rollbook_line", "rollbook_column", "rollbook_reason", REST)

Rename = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of a file: rows read (rejected ones too), and columns that nobody asked for.

    ``columns`` gives each column of the file, in order, the name it has in the staging table: the layout's,
    or ``extra_1`` for one that nobody asked for. ``sha256`` is that of the unpacked bytes.
    """

    file: str
    rows_read: int
    ignored_columns: Sequence[str]
    columns: Mapping[str, str] = field(default_factory=dict, compare=False)
    sha256: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file is called, and how it is read.

    ``rename`` turns the header's names into the layout's; ``may_lack`` are columns that need not be there,
    and then have no value.
    """

    file: str
    rename: Rename = list
    may_lack: Collection[str] = ()
    is_lenient: bool = False
    is_retry: bool = False
    liberties: Liberties = field(default_factory=Liberties)


@dataclass(slots=True)
class Hashed:
    """A source that is digested as it is read."""

    source: Source
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def read(self, size: int, /) -> bytes:
        """Return the next ``size`` bytes, or what is left."""
        chunk = self.source.read(size)
        self.digest.update(chunk)
        return chunk


def stage(db: Session, layout: Layout, path: Path, rejects: Rejects, report: Report) -> Staged:
    """COPY ``path`` into ``layout``'s staging table, made now and dropped when the transaction ends.

    Lines that are no rows of this file at all go to ``rejects``; nothing else is checked yet.
    Raises: the errors of ``rollbook.intake.errors``, each naming the file and the line.
    """
    report.step(f"Reading {path.name}", path.stat().st_size)
    with open_source(path, report.advance) as source:
        return stage_source(db, layout, source, rejects, Reading(path.name))


def stage_source(db: Session, layout: Layout, source: Source, rejects: Rejects, reading: Reading) -> Staged:
    """COPY what ``source`` gives into ``layout``'s staging table, as ``reading`` says.

    Raises: the errors of ``rollbook.intake.errors``, each naming the file and the line.
    """
    file, hashed = reading.file, Hashed(source)
    readable = Readable(file, reading.liberties, reading.is_lenient).of(hashed)
    parts = blocks(readable, file)
    header, first = take_header(next(parts, None), file)
    columns = _renamed(header, reading)
    wanted = [name for name in layout.names if name in columns or name not in reading.may_lack]
    check_header(columns, wanted, file)
    names = _staged_names(columns, layout)
    with closing(Spool(names)) as spool:
        kept = spool if rejects.is_kept else None
        numbered = Numbered(
            layout.file, columns, kept, reads_cp1252=reading.is_lenient, trims_tails=reading.is_lenient
        )
        _copy(_raw(db), layout, names, numbered, chain([first] if first.text else [], parts))
        _tell(db, numbered, rejects, reading)
    if reading.is_retry:
        restore_cells(_raw(db), layout.stage, names)
    ignored = [name for name, staged in zip(columns, names, strict=True) if staged.startswith("extra_")]
    told = dict(zip(header, names, strict=True))
    return Staged(layout.file, numbered.rows + numbered.rejected, ignored, told, hashed.digest.hexdigest())


def stage_nothing(db: Session, layout: Layout) -> None:
    """Make the staging table of a file that is not there."""
    _raw(db).execute(_create(layout, layout.names))


def _renamed(header: Sequence[str], reading: Reading) -> Sequence[str]:
    """Rename the columns; what we put before those of a fix-up file is no matter of its format."""
    ours = [name for name in header if reading.is_retry and name in FIX_UP_COLUMNS]
    return [*ours, *reading.rename([name for name in header if name not in ours])]


def _staged_names(columns: Sequence[str], layout: Layout) -> list[str]:
    known = {*layout.names, *FIX_UP_COLUMNS}
    return [name if name in known else f"extra_{index}" for index, name in enumerate(columns)]


def _tell(db: Session, numbered: Numbered, rejects: Rejects, reading: Reading) -> None:
    """Say which lines were no rows, and which were read kindly."""
    rejects.add(numbered.file, numbered.rejects, count=numbered.rejected)
    reading.liberties.take(numbered.file, "is not UTF-8 and was read as Windows-1252", numbered.recoded)
    reading.liberties.take(numbered.file, "has commas too many at the end of rows", numbered.trimmed)
    if numbered.spool and numbered.rejected:
        keep_spooled(_raw(db), numbered.spool)


def _raw(db: Session) -> Connection[tuple[object, ...]]:
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, Connection)
    return raw


def _copy(
    raw: Connection[tuple[object, ...]],
    layout: Layout,
    names: Sequence[str],
    numbered: Numbered,
    parts: Iterable[Block],
) -> None:
    raw.execute(_create(layout, names))
    with raw.cursor() as cursor:
        with cursor.copy(_copy_from_stdin(layout, names)) as copy:
            for part in parts:
                copy.write(numbered.rows_of(part))
        if cursor.rowcount != numbered.rows:
            raise RowsLost(file=numbered.file, sent=numbered.rows, staged=cursor.rowcount)
    for column in layout.columns:
        if layout.absent and not column.is_required:
            raw.execute(_forget(layout, column.name), [list(layout.absent)])
    raw.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(layout.stage)))


def _create(layout: Layout, names: Sequence[str]) -> sql.Composed:
    """Make a column for each of the file's, and for those of the layout's that the file lacks."""
    every = dict.fromkeys((*names, *layout.names))
    texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in every)
    return sql.SQL("CREATE TEMP TABLE {} ({} bigint NOT NULL, {}) ON COMMIT DROP").format(
        sql.Identifier(layout.stage), sql.Identifier(LINE_NUMBER), texts
    )


def _copy_from_stdin(layout: Layout, names: Sequence[str]) -> sql.Composed:
    """An empty value is no value, quoted or not."""
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    return sql.SQL(
        "COPY {stage} ({line}, {columns}) FROM STDIN (FORMAT csv, ENCODING 'UTF8', FORCE_NULL ({columns}))"
    ).format(stage=sql.Identifier(layout.stage), line=sql.Identifier(LINE_NUMBER), columns=columns)


def _forget(layout: Layout, column: str) -> sql.Composed:
    """Turn the words for "no value" into none."""
    return sql.SQL("UPDATE {} SET {column} = NULL WHERE {column} = ANY(%s)").format(
        sql.Identifier(layout.stage), column=sql.Identifier(column)
    )
