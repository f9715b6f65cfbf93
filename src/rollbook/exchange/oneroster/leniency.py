"""What is forgiven with --lenient: values that mean a right one are made right, each kind counted and told.

Nothing is guessed: a value that could mean two things stays, and its row is rejected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    TableClause,
    Text,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import UpdateBase

from rollbook.exchange.oneroster import cells
from rollbook.exchange.oneroster.faults import written
from rollbook.exchange.oneroster.shapes import MODIFIED, SOURCED_ID, STATUS, Cell, Table
from rollbook.exchange.oneroster.staging import Bundle
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.format import Run

_YES: Final = ("true", "t", "yes", "y", "1")
_NO: Final = ("false", "f", "no", "n", "0")
_GONE: Final = ("tobedeleted", "inactive")
_AMERICAN: Final = "^([1-9]|0[1-9]|1[0-2])/([1-9]|[0-2][0-9]|3[01])/[12][0-9]{3}$"
_SLASHED: Final = "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$"
_INSTANT: Final = rf"^{cells.DAY}[T ]{cells.TIME}(\.[0-9]{{1,6}})?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?$"


@dataclass(frozen=True, slots=True)
class Mending:
    """A statement that makes values right, and what is to be told of the rows it changes."""

    what: str
    statement: UpdateBase


def forgive(run: Run, bundle: Bundle) -> None:
    """Mend what is staged, and tell what was mended."""
    for name in bundle.modes:
        table = TABLES[name]
        for mending in _mendings(table, is_bulk=bundle.is_bulk(name)):
            run.liberties.take(table.file, mending.what, written(run.db, mending.statement))


def _mendings(table: Table, *, is_bulk: bool) -> Iterator[Mending]:
    stage = table.layout.table
    yield from _of_lifecycle(stage, is_bulk=is_bulk)
    for cell in (Cell(SOURCED_ID, cells.GUID_CELL), *table.cells):
        yield from _of_cell(stage, stage.c[cell.name], cell)
    if table.name == "users":
        is_silent = stage.c.enabledUser.is_(None)
        yield Mending(
            "has no enabledUser; true was taken", _set(stage, "enabledUser", literal("true"), is_silent)
        )


def _set(
    stage: TableClause, name: str, value: ColumnElement[Any], condition: ColumnElement[bool]
) -> UpdateBase:
    return update(stage).where(condition).values({name: value})


def _of_lifecycle(stage: TableClause, *, is_bulk: bool) -> Iterator[Mending]:
    status, modified = stage.c[STATUS], stage.c[MODIFIED]
    plain = func.lower(func.btrim(status))
    yield Mending(
        "has a dateLastModified of another form",
        _set(
            stage, MODIFIED, _as_instant(modified), modified.regexp_match(_INSTANT) & ~_is_instant(modified)
        ),
    )
    yield Mending(
        "has a dateLastModified without a time",
        _set(stage, MODIFIED, modified + "T00:00:00.000Z", modified.regexp_match(f"^{cells.DAY}$")),
    )
    yield Mending(
        "has a dateLastModified that is no instant; it was left out",
        _set(stage, MODIFIED, null(), modified.is_not(None) & ~_is_instant(modified)),
    )
    if is_bulk:
        yield Mending(
            "is marked as deleted in a bulk file; the row was left out", delete(stage).where(plain.in_(_GONE))
        )
        yield Mending("has a status in a bulk file", _set(stage, STATUS, null(), plain == "active"))
        return
    yield Mending(
        "has a status of another case",
        _set(stage, STATUS, plain, (status != plain) & plain.in_(cells.STATUS.words)),
    )
    yield Mending(
        "is inactive; taken for tobedeleted", _set(stage, STATUS, literal("tobedeleted"), plain == "inactive")
    )
    yield Mending("has no status; active was taken", _set(stage, STATUS, literal("active"), status.is_(None)))


def _is_instant(value: ColumnElement[str]) -> ColumnElement[bool]:
    return value.regexp_match(f"^{cells.DATE_TIME.pattern}$")


def _as_instant(value: ColumnElement[str]) -> ColumnElement[str]:
    """Without a zone it is UTC."""
    has_zone = value.regexp_match("(Z|[+-][0-9]{2}:?[0-9]{2})$")
    instant = cast(case((has_zone, value), else_=value + "Z"), DateTime(timezone=True))
    return func.to_char(func.timezone("UTC", instant), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')


def _of_cell(stage: TableClause, value: ColumnElement[str], cell: Cell) -> Iterator[Mending]:
    if isinstance(cell.form, cells.Free):
        broken = value.regexp_match("[[:cntrl:]]")
        plain = func.regexp_replace(value, "[[:cntrl:]]+", " ", "g")
        yield Mending(
            f"has a line break in {cell.name}; a space was taken", _set(stage, cell.name, plain, broken)
        )
        return
    yield Mending(f"has blanks around {cell.name}", _trim(stage, value, cell))
    if isinstance(cell.form, cells.Words):
        yield from _of_words(stage, value, cell, cell.form)
    elif cell.form is cells.FLAG:
        yield from _of_flag(stage, value, cell)
    elif cell.form is cells.DATE:
        yield from _of_date(stage, value, cell)
    elif cell.form in (cells.LIST, cells.GUIDS):
        tidy = func.btrim(func.regexp_replace(value, " *,[ ,]*", ",", "g"), ", ")
        yield Mending(
            f"has empty places in {cell.name}",
            _set(stage, cell.name, func.nullif(tidy, ""), value.regexp_match("(^|,) *(,|$)")),
        )


def _trim(stage: TableClause, value: ColumnElement[str], cell: Cell) -> UpdateBase:
    return _set(stage, cell.name, func.nullif(func.btrim(value), ""), value != func.btrim(value))


def _of_words(
    stage: TableClause, value: ColumnElement[str], cell: Cell, form: cells.Words
) -> Iterator[Mending]:
    plain = {word.lower().replace(" ", ""): word for word in form.words}
    said = func.lower(func.replace(func.replace(value, " ", ""), "_", ""))
    right = case(plain, value=said)
    condition = value.not_in(form.words) & said.in_(plain)
    yield Mending(f"writes {cell.name} in another case", _set(stage, cell.name, right, condition))


def _of_flag(stage: TableClause, value: ColumnElement[str], cell: Cell) -> Iterator[Mending]:
    said = func.lower(value)
    right = case((said.in_(_YES), "true"), else_="false")
    condition = value.not_in(("true", "false")) & said.in_((*_YES, *_NO))
    yield Mending(f"writes {cell.name} not as true or false", _set(stage, cell.name, right, condition))


def _of_date(stage: TableClause, value: ColumnElement[str], cell: Cell) -> Iterator[Mending]:
    has_time = value.regexp_match(f"^{cells.DAY}[T ]")
    yield Mending(f"has a time in {cell.name}", _set(stage, cell.name, func.left(value, 10), has_time))
    parts = func.string_to_array(value, "/", type_=ARRAY(Text))
    right = parts[3] + "-" + func.lpad(parts[1], 2, "0") + "-" + func.lpad(parts[2], 2, "0")
    condition = value.regexp_match(_AMERICAN) & ~_has_days_first(stage, cell)
    yield Mending(f"writes {cell.name} as month/day/year", _set(stage, cell.name, right, condition))


def _has_days_first(stage: TableClause, cell: Cell) -> ColumnElement[bool]:
    """Say whether any row of the file writes the day first: then of none can be told what it means."""
    other = stage.alias("other")
    value = other.c[cell.name]
    is_odd = value.regexp_match(_SLASHED) & ~value.regexp_match(_AMERICAN)
    return exists(select(literal(1)).select_from(other).where(is_odd))
