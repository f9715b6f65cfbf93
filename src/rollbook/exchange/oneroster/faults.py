"""Every fault of every row, gathered as sets before any row is taken out: none hides another."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Executable,
    Select,
    Text,
    TextClause,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session

from rollbook.exchange.oneroster import cells
from rollbook.exchange.oneroster.shapes import MODIFIED, SOURCED_ID, STATUS, Cell, Table
from rollbook.exchange.oneroster.staging import Bundle, layout_of
from rollbook.exchange.oneroster.tables import GUARDIAN_ROLES, TABLES
from rollbook.intake.format import Run
from rollbook.intake.layout import LINE_NUMBER
from rollbook.intake.models import SourceRecord
from rollbook.intake.rejects import Reject

FAULTS: Final = table(
    "oneroster_faults",
    column("file", Text),
    column(LINE_NUMBER, BigInteger),
    column("column_name", Text),
    column("reason", Text),
)
MAKE: Final = text(
    "CREATE TEMP TABLE oneroster_faults (file text NOT NULL, line_number bigint NOT NULL, column_name text,"
    " reason text NOT NULL) ON COMMIT DROP"
)
_INTO: Final = ("file", LINE_NUMBER, "column_name", "reason")
_TEXTS: Final = ARRAY(Text)
_ROLES_11: Final = cells.Words(
    ("administrator", "aide", *GUARDIAN_ROLES, "proctor", "student", "teacher"), is_open=False
)
Broken = tuple[str, ColumnElement[bool], str]


def gather_forms(db: Session, bundle: Bundle, name: str, *, is_lenient: bool) -> int:
    """Note each value of the wrong form in a file; return how many."""
    stage = TABLES[name].layout.table if name != "users" else layout_of(TABLES[name]).table
    broken = list(_broken_cells(bundle, TABLES[name], stage, is_lenient=is_lenient))
    which = array([case((is_broken, column_name), else_=null()) for column_name, is_broken, _ in broken])
    why = array([case((is_broken, reason), else_=null()) for _, is_broken, reason in broken])
    fault = (
        func.unnest(
            func.array_remove(cast(which, _TEXTS), null()), func.array_remove(cast(why, _TEXTS), null())
        )
        .table_valued("column_name", "reason", name="fault")
        .render_derived()
        .lateral()
    )
    faulty = or_(*(is_broken for _, is_broken, _ in broken))
    rows = select(
        literal(TABLES[name].file), stage.c[LINE_NUMBER], fault.c.column_name, fault.c.reason
    ).select_from(stage.join(fault, literal(True)))
    return _note(db, rows.where(faulty))


def _broken_cells(bundle: Bundle, known: Table, stage: Any, *, is_lenient: bool) -> Iterator[Broken]:  # noqa: ANN401 -- a TableClause, whose columns are typed loosely
    """Yield each column with what makes its value wrong, in SQL, and what is then said."""
    is_bulk, written = bundle.is_bulk(known.name), set(bundle.dialect.names(known).values())
    yield from _broken_cell(stage, Cell(SOURCED_ID, cells.GUID_CELL, is_required=True))
    if is_bulk and not is_lenient:
        yield from _broken_cell(stage, Cell(STATUS, cells.EMPTY))
        yield from _broken_cell(stage, Cell(MODIFIED, cells.EMPTY))
    elif not is_bulk:
        yield STATUS, stage.c[STATUS].is_(None), cells.MISSING_IN_DELTA
        yield from _broken_cell(stage, Cell(STATUS, cells.STATUS))
        yield from _broken_cell(stage, Cell(MODIFIED, cells.DATE_TIME))
        if not is_lenient:
            yield MODIFIED, stage.c[MODIFIED].is_(None), cells.MISSING_IN_DELTA
    for cell in known.cells:
        is_required = cell.is_required and cell.name in written
        yield from _broken_cell(stage, Cell(cell.name, cell.form, is_required, cell.to))
    if known.name == "users" and not bundle.dialect.has_roles:
        yield from _broken_cell(stage, Cell("role", _ROLES_11, is_required=True))
        yield from _broken_cell(stage, Cell("orgSourcedIds", cells.GUIDS, is_required=True))


def _broken_cell(stage: Any, cell: Cell) -> Iterator[Broken]:  # noqa: ANN401 -- as above
    value = stage.c[cell.name]
    if cell.is_required:
        yield cell.name, value.is_(None), cells.MISSING
    if cell.to is None:  # what leads to a record has the form of its id
        yield cell.name, value.is_not(None) & ~cell.form.holds(value), cell.form.fault


def gather_repeats(db: Session, name: str) -> int:
    """Note the rows that repeat a sourcedId; the first with it is none of them."""
    stage = TABLES[name].layout.table
    key = stage.c[SOURCED_ID]
    several = (
        select(key, func.min(stage.c[LINE_NUMBER]).label("first_line"))
        .group_by(key)
        .having(func.count() > 1)
        .subquery("several")
    )
    reason = func.format(
        "repeats the sourcedId of line %s [reference.duplicate_sourced_id]", several.c.first_line
    )
    repeats = select(literal(TABLES[name].file), stage.c[LINE_NUMBER], literal(SOURCED_ID), reason).where(
        key == several.c[SOURCED_ID], stage.c[LINE_NUMBER] > several.c.first_line
    )
    return _note(db, repeats)


def gather_lost_references(run: Run, bundle: Bundle, name: str, cell: Cell, *, looks_back: bool) -> int:
    """Note the rows of a file whose reference leads nowhere, here or (``looks_back``) in what came before."""
    place, value = values_of(name, cell)
    if bundle.mode(str(cell.to)) == "absent" and not looks_back:
        reason = f"refers to {cell.to}.csv, which is not there [reference.missing_target_file]"
    else:
        reason = f"has no match in {cell.to}.csv [reference.missing_target_record]"
    malformed = case((~cells.GUID_CELL.holds(value), cells.GUID_CELL.fault), else_=reason)
    rows = select(literal(TABLES[name].file), place, literal(cell.name), malformed).where(
        leads_nowhere(run.source, cell, value, looks_back=looks_back)
    )
    return _note(run.db, rows)


def leads_nowhere(
    source: str, cell: Cell, value: ColumnElement[str], *, looks_back: bool
) -> ColumnElement[bool]:
    """Say in SQL that no record is called ``value``."""
    assert cell.to
    there = TABLES[cell.to].layout.table.alias("there")
    is_here = exists(select(literal(1)).select_from(there).where(there.c[SOURCED_ID] == value))
    nowhere = and_(value.is_not(None), ~is_here)
    return and_(nowhere, ~_was_known(source, cell.to, value)) if looks_back else nowhere


def _was_known(source: str, to: str, value: ColumnElement[str]) -> ColumnElement[bool]:
    record = SourceRecord.__table__.alias("record")
    named = select(record.c.source_id).where(record.c.source == source, record.c.record_type == to)
    if to == "results":
        grades = table("grades", column("source_id", Text))
        return value.in_(union_all(named, select(grades.c.source_id).where(grades.c.source_id.is_not(None))))
    return value.in_(named)


def values_of(name: str, cell: Cell) -> tuple[ColumnElement[int], ColumnElement[str]]:
    """Return the line's number and the value, of a list each value by itself."""
    stage = layout_of(TABLES[name]).table
    value: ColumnElement[str] = stage.c[cell.name]
    if cell.form is cells.GUIDS:
        parts = (
            select(
                stage.c[LINE_NUMBER].label("line"),
                func.unnest(func.string_to_array(value, ",")).label("part"),
            )
            .where(value.is_not(None))
            .subquery("parts")
        )
        return parts.c.line, parts.c.part
    return stage.c[LINE_NUMBER], value


def gather_named(db: Session, name: str, query: TextClause) -> int:
    """Note what a named query says is wrong with rows of a file."""
    return _note(db, _as_faults(name, query))


def count_named(db: Session, name: str, query: TextClause) -> int:
    """Count what a named query says, and let it pass."""
    faults = _as_faults(name, query).subquery("faults")
    return int(db.scalar(select(func.count()).select_from(faults)) or 0)


def _as_faults(name: str, query: TextClause) -> Select[Any]:
    typed = (column(LINE_NUMBER, BigInteger), column("column_name", Text), column("reason", Text))
    found = query.columns(*typed).subquery("found")
    return select(literal(TABLES[name].file), found.c[LINE_NUMBER], found.c.column_name, found.c.reason)


def _note(db: Session, rows: Any) -> int:  # noqa: ANN401 -- a Select of whatever types
    return written(db, insert(FAULTS).from_select(_INTO, rows))


def written(db: Session, statement: Executable) -> int:
    """Run a statement that writes; return how many rows."""
    done = db.execute(statement, execution_options={"preserve_rowcount": True})
    assert isinstance(done, CursorResult)
    return done.rowcount


def faults_of(name: str) -> Select[Any]:
    """Return the query of a file's faults: line_number, column_name, reason; each once."""
    return (
        select(FAULTS.c[LINE_NUMBER], FAULTS.c.column_name, FAULTS.c.reason)
        .where(FAULTS.c.file == TABLES[name].file)
        .distinct()
    )


def first_faults(db: Session, most: int) -> tuple[Sequence[Reject], int]:
    """Return the first faults, by file and line, and how many there are."""
    each = select(FAULTS).distinct().subquery("each")
    rows = db.execute(
        select(each, func.count().over().label("total"))
        .order_by(each.c.file, each.c[LINE_NUMBER], each.c.column_name)
        .limit(most)
    ).all()
    found = [Reject(row.file, row.line_number, row.column_name, row.reason) for row in rows]
    return found, rows[0].total if rows else 0
