"""Stage a file: COPY it into a temporary table of text, each row with its line number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.core.progress import Report
from rollbook.intake.errors import RowsLost
from rollbook.intake.files import check_header, open_source, take_header
from rollbook.intake.layout import LINE_NUMBER, Layout
from rollbook.intake.records import Block, Numbered, blocks
from rollbook.intake.rejects import Rejects


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of a file: rows read (rejected ones too), and columns that nobody asked for."""

    file: str
    rows_read: int
    ignored_columns: Sequence[str]


def stage(db: Session, layout: Layout, path: Path, rejects: Rejects, report: Report) -> Staged:
    """COPY ``path`` into ``layout``'s staging table, made now and dropped when the transaction ends.

    Lines that are no rows of this file at all go to ``rejects``; nothing else is checked yet.
    Raises: the errors of ``rollbook.intake.errors``, each naming the file and the line.
    """
    report.step(f"Reading {path.name}", path.stat().st_size)
    with open_source(path, report.advance) as source:
        parts = blocks(source, path.name)
        columns, first = take_header(next(parts, None), path.name)
        check_header(columns, layout.names, path.name)
        numbered = Numbered(layout.file, columns)
        names = [name if name in layout.names else f"extra_{index}" for index, name in enumerate(columns)]
        _copy(_raw(db), layout, names, numbered, chain([first] if first.text else [], parts))
    rejects.add(layout.file, numbered.rejects, count=numbered.rejected)
    ignored = [name for name in columns if name not in layout.names]
    return Staged(layout.file, numbered.rows + numbered.rejected, ignored)


def stage_nothing(db: Session, layout: Layout) -> None:
    """Make the staging table of a file that is not there."""
    _raw(db).execute(_create(layout, layout.names))


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
    texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
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
