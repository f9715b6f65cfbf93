"""What an import would do to each table, found as a set before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    TableClause,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from rollbook.intake.errors import IncomingRepeats
from rollbook.intake.target import IS_GONE, Close, Completeness, Target


@dataclass(frozen=True, slots=True)
class TableDiff:
    """What a drop says of a table. ``present`` rows are the open ones that it is complete for.

    ``missing`` from a bulk drop and said to be ``gone`` are two ways of leaving; ``columns`` counts the
    changed rows by column; ``leave_by`` says what becomes of rows that leave: close, delete or keep.
    """

    table: str
    file: str
    completeness: Completeness
    present: int
    new: int
    changed: int
    unchanged: int
    missing: int
    gone: int
    columns: Mapping[str, int] = field(default_factory=dict)
    is_watched: bool = False
    leave_by: str = "keep"
    is_empty: bool = False
    """Whether the tenant has no row of the table at all, in the months that the drop speaks of."""

    @property
    def leaving(self) -> int:
        """Rows that leave, one way or the other."""
        return self.missing + self.gone


def diff(db: Session, target: Target, tenant_id: int) -> TableDiff:
    """Compare the incoming rows of ``target`` with the tenant's.

    Raises: ``IncomingRepeats``.
    """
    if not target.is_unique:
        _check_unique(db, target)
    present, missing = _count_leaving(db, target, tenant_id)
    may_be_empty = not present or target.completeness is Completeness.DELTA
    is_empty = may_be_empty and _is_empty(db, target, tenant_id)
    counts = _count_all_new(db, target) if is_empty else _compare(db, target, tenant_id)
    columns = {name: n for nr, name in enumerate(target.compared) if (n := counts.get(f"column_{nr}"))}
    return TableDiff(
        target.name,
        target.file,
        target.completeness,
        present,
        counts["new"],
        counts["changed"],
        counts["incoming"] - counts["new"] - counts["changed"],
        missing,
        counts["gone"],
        columns,
        target.is_watched,
        type(target.leaving).__name__.lower(),
        is_empty,
    )


def same_row(target: Target, rows: TableClause, tenant_id: int) -> ColumnElement[bool]:
    """Say that a row of the target and an incoming one have the same key; null equals null."""
    keys = [
        ours.is_not_distinct_from(rows.c[ours.name]) if ours.nullable else ours == rows.c[ours.name]
        for ours in (target.table.c[name] for name in target.key)
    ]
    return and_(target.table.c.tenant_id == tenant_id, *keys)


def differs(target: Target, rows: TableClause) -> ColumnElement[bool]:
    """Say that two rows of the same key differ in a compared column."""
    ours = target.table.c
    return or_(false(), *(ours[name].is_distinct_from(rows.c[name]) for name in target.compared))


def is_gone(target: Target, rows: TableClause) -> ColumnElement[bool]:
    """Say that the source says of an incoming row that it is gone."""
    return rows.c[IS_GONE] if target.has_gone else false()


def is_open(target: Target) -> ColumnElement[bool]:
    """Say that a row of the target can still leave."""
    match target.leaving:
        case Close(column=name, value=value):
            closed_on = target.table.c[name]
            return or_(closed_on.is_(None), closed_on > value)
        case _:
            return true()


def in_scope(target: Target, tenant_id: int) -> ColumnElement[bool]:
    """Say that a row of the target is one that a bulk drop would name, if it is there still."""
    scope = true() if target.scope is None else target.scope
    return and_(target.table.c.tenant_id == tenant_id, scope, is_open(target))


def is_missing(target: Target, rows: TableClause, tenant_id: int) -> ColumnElement[bool]:
    """Say that a row of the target left, because a bulk drop does not name it."""
    named = exists(select(literal(1)).select_from(rows).where(same_row(target, rows, tenant_id)))
    return and_(in_scope(target, tenant_id), ~named.correlate(target.table))


def _check_unique(db: Session, target: Target) -> None:
    rows = target.rows
    keys = [rows.c[name] for name in target.key]
    repeated = select(func.count().label("times")).select_from(rows).group_by(*keys).having(func.count() > 1)
    count = db.scalar(select(func.count()).select_from(repeated.subquery()))
    if count:
        raise IncomingRepeats(file=target.file, table=target.name, count=count)


def _count_leaving(db: Session, target: Target, tenant_id: int) -> tuple[int, int]:
    """Count the rows in scope, and those of them that a bulk drop misses.

    Of a delta's table the months that it speaks of are enough: the others need not be read.
    """
    rows, scope = target.rows, in_scope(target, tenant_id)
    if target.completeness is Completeness.DELTA:
        seen = and_(scope, _in_span(db, target, rows))
        return db.scalar(select(func.count()).select_from(target.table).where(seen)) or 0, 0
    joined = target.table.outerjoin(rows, same_row(target, rows, tenant_id))
    missing = func.count().filter(rows.c[target.key[0]].is_(None))
    present, missed = db.execute(select(func.count(), missing).select_from(joined).where(scope)).one()
    return present, missed


def _is_empty(db: Session, target: Target, tenant_id: int) -> bool:
    """Say that the tenant has no row at all, of a partitioned table none in the months that are spoken of."""
    ours = select(literal(1)).select_from(target.table).where(target.table.c.tenant_id == tenant_id)
    ours = ours.where(_in_span(db, target, target.rows))
    return db.scalar(select(~exists(ours))) or False


def _count_all_new(db: Session, target: Target) -> Mapping[str, int]:
    rows = target.rows
    incoming = db.scalar(select(func.count()).select_from(rows).where(~is_gone(target, rows))) or 0
    return {"incoming": incoming, "new": incoming, "changed": 0, "gone": 0}


def _compare(db: Session, target: Target, tenant_id: int) -> Mapping[str, int]:
    """Count the incoming rows by what they are to ours, and the changes by column."""
    rows, ours = target.rows, target.table
    stays, is_ours = ~is_gone(target, rows), ours.c.tenant_id.is_not(None)
    counts: dict[str, ColumnElement[Any]] = {
        "incoming": stays,
        "new": and_(stays, ~is_ours),
        "changed": and_(stays, is_ours, differs(target, rows)),
        "gone": and_(~stays, is_ours, is_open(target)),
    }
    for nr, name in enumerate(target.compared):
        counts[f"column_{nr}"] = and_(stays, is_ours, ours.c[name].is_distinct_from(rows.c[name]))
    query = select(*(func.count().filter(what).label(name) for name, what in counts.items()))
    joined = rows.outerjoin(ours, and_(same_row(target, rows, tenant_id), _in_span(db, target, rows)))
    return {str(name): n for name, n in db.execute(query.select_from(joined)).mappings().one().items()}


def _in_span(db: Session, target: Target, rows: TableClause) -> ColumnElement[bool]:
    """Of a partitioned table, look only at the months that the drop speaks of."""
    if target.month is None:
        return true()
    first, last = db.execute(select(func.min(rows.c[target.month]), func.max(rows.c[target.month]))).one()
    if first is None:
        return false()
    return target.table.c[target.month].between(first, last)
