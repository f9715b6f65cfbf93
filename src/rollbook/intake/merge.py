"""Typed rows into a room's table, as sets: what leaves is closed, what differs updated, what is new inserted.

Each step writes only what has to be written, so that the same drop again writes nothing. Superseded versions
go to the table's history by its triggers, which are told the import.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    DateTime,
    TableClause,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import Executable

from rollbook.intake.diff import differs, is_gone, is_missing, is_open, same_row
from rollbook.intake.target import KNOWN_AT, Close, Completeness, Expected, Keep, Stamp, Target, Written

_NAME_IMPORT: Final = text("SELECT set_config('rollbook.import', :import_id, true)")


def name_import(db: Session, import_id: int) -> None:
    """Tell the triggers of history which import writes, until the end of the transaction."""
    db.execute(_NAME_IMPORT, {"import_id": str(import_id)})


def end_rows(db: Session, target: Target, stamp: Stamp, expected: Expected) -> Written:
    """Close or delete the rows that leave, as ``target`` says."""
    if isinstance(target.leaving, Keep) or not expected.leaving:
        return Written()
    rows = target.rows
    ended = [_end(db, target, stamp, _said_gone(target, rows, stamp))] if target.has_gone else []
    if target.completeness is Completeness.BULK:
        ended.append(_end(db, target, stamp, is_missing(target, rows, stamp.tenant_id)))
    closes = isinstance(target.leaving, Close)
    return Written(closed=sum(ended)) if closes else Written(deleted=sum(ended))


def merge_rows(db: Session, target: Target, stamp: Stamp, expected: Expected) -> Written:
    """Update what differs and insert what is new; of a partitioned table, month by month.

    A statement's pending foreign-key checks are held in memory, and a month is what it can hold.
    """
    changed = new = 0
    for month in _months(db, target):
        changed += _written(db, _update(target, stamp, month)) if expected.changed else 0
        new += _written(db, _insert(target, stamp, expected, month)) if expected.new else 0
    return Written(new=new, changed=changed)


def months_in(db: Session, target: Target) -> Sequence[date]:
    """Return the first days of the months of a partitioned target's incoming rows, no other months."""
    if target.month is None:
        return []
    month = func.date_trunc("month", cast(target.rows.c[target.month], DateTime)).label("month")
    return sorted(found.date() for found in db.scalars(select(month).distinct()))


def months_of(since: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield the months that cover [since, until], each as [first day, first day of the next)."""
    first = since.replace(day=1)
    while first <= until:
        following = (first + timedelta(days=32)).replace(day=1)
        yield first, following
        first = following


def _months(db: Session, target: Target) -> Iterator[tuple[date, date] | None]:
    if target.month is None:
        yield None
        return
    for first in months_in(db, target):
        yield from months_of(first, first)


def _end(db: Session, target: Target, stamp: Stamp, leaves: ColumnElement[bool]) -> int:
    if not isinstance(target.leaving, Close):
        return _written(db, delete(target.table).where(leaves))
    closing = target.leaving
    values = {closing.column: closing.value, **closing.also, KNOWN_AT: func.now()}
    return _written(db, update(target.table).where(leaves).values({**values, "import_id": stamp.import_id}))


def _said_gone(target: Target, rows: TableClause, stamp: Stamp) -> ColumnElement[bool]:
    same = and_(same_row(target, rows, stamp.tenant_id), is_gone(target, rows))
    named = exists(select(literal(1)).select_from(rows).where(same)).correlate(target.table)
    return and_(target.table.c.tenant_id == stamp.tenant_id, is_open(target), named)


def _update(target: Target, stamp: Stamp, month: tuple[date, date] | None) -> Executable:
    """A source that says it knew the change before the version that it changes is not believed."""
    rows, ours = target.rows, target.table
    known_at: ColumnElement[Any] = func.now()
    if target.has_known_at:
        told = rows.c[KNOWN_AT]
        known_at = case((told > ours.c[KNOWN_AT], func.least(told, func.now())), else_=func.now())
    values = {name: rows.c[name] for name in target.compared}
    return (
        update(ours)
        .where(same_row(target, rows, stamp.tenant_id), differs(target, rows), ~is_gone(target, rows))
        .where(_within(target, rows, month), _within(target, ours, month))
        .values({**values, KNOWN_AT: known_at, "import_id": stamp.import_id})
    )


def _insert(target: Target, stamp: Stamp, expected: Expected, month: tuple[date, date] | None) -> Executable:
    """Where the tenant had no row, none is looked for: one that came since collides, and the import fails."""
    rows, ours = target.rows, target.table
    names = list(dict.fromkeys((*target.key, *target.compared, *target.inserted)))
    told = func.coalesce(rows.c[KNOWN_AT], func.now()) if target.has_known_at else func.now()
    stamps = (literal(stamp.tenant_id), literal(stamp.import_id), func.least(told, func.now()))
    is_new = true() if expected.is_empty else _is_new(target, rows, stamp, month)
    new = (
        select(*stamps, *(rows.c[name] for name in names))
        .select_from(rows)
        .where(is_new, ~is_gone(target, rows), _within(target, rows, month))
    )
    return insert(ours).from_select(["tenant_id", "import_id", KNOWN_AT, *names], new)


def _is_new(
    target: Target, rows: TableClause, stamp: Stamp, month: tuple[date, date] | None
) -> ColumnElement[bool]:
    ours = target.table
    same = and_(same_row(target, rows, stamp.tenant_id), _within(target, ours, month))
    return ~exists(select(literal(1)).select_from(ours).where(same)).correlate(rows)


def _within(target: Target, of: Any, month: tuple[date, date] | None) -> ColumnElement[bool]:  # noqa: ANN401 -- ours or theirs
    if month is None or target.month is None:
        return true()
    day = of.c[target.month]
    return and_(day >= month[0], day < month[1])


def _written(db: Session, statement: Executable) -> int:
    result = db.execute(statement, execution_options={"preserve_rowcount": True})
    assert isinstance(result, CursorResult)
    return result.rowcount
