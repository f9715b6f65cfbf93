"""Check what is staged, as sets: each check removes the lines that fail it and says which and why."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from rollbook.intake.layout import LINE_NUMBER, Layout, Reference
from rollbook.intake.rejects import SHOWN, Reject, Rejects


def check(db: Session, layout: Layout, rejects: Rejects) -> None:
    """Take out the staged lines that break ``layout``'s rules: form, then reference, then key.

    What it refers to must have been checked before, so that what refers to a reject is one too.
    """
    _check_forms(db, layout, rejects)
    for reference in layout.references:
        check_reference(db, layout, reference, rejects)
    if layout.key:
        _check_key(db, layout, rejects)


def check_reference(db: Session, layout: Layout, reference: Reference, rejects: Rejects) -> None:
    """Take out the staged lines whose ``reference`` leads nowhere."""
    here, there = layout.table, reference.to.table
    same = and_(*(here.c[name] == there.c[name] for name in reference.columns))
    orphans = delete(here).where(~exists(select(literal(1)).select_from(there).where(same)))
    which, why = ", ".join(reference.columns), f"has no match in {reference.to.file}"
    _take_out(db, layout, orphans.returning(*_place(layout, literal(which), literal(why))), rejects)


def _check_forms(db: Session, layout: Layout, rejects: Rejects) -> None:
    rules = [(column.name, column.holds(), column.fault) for column in layout.columns]
    broken = delete(layout.table).where(~and_(*(holds for _, holds, _ in rules)))
    which = case(*((~holds, literal(name)) for name, holds, _ in rules), else_=null())
    why = case(*((~holds, literal(fault)) for _, holds, fault in rules), else_=null())
    _take_out(db, layout, broken.returning(*_place(layout, which, why)), rejects)


def _check_key(db: Session, layout: Layout, rejects: Rejects) -> None:
    """Keep the first line with a key; those that repeat it go."""
    stage = layout.table
    key = [stage.c[name] for name in layout.key]
    first = func.min(stage.c[LINE_NUMBER]).over(partition_by=key).label("first_line")
    firsts = select(stage.c[LINE_NUMBER], first).subquery("firsts")
    repeats = delete(stage).where(
        stage.c[LINE_NUMBER] == firsts.c[LINE_NUMBER], firsts.c.first_line < stage.c[LINE_NUMBER]
    )
    why = func.format("repeats line %s", firsts.c.first_line)
    _take_out(db, layout, repeats.returning(*_place(layout, literal(", ".join(layout.key)), why)), rejects)


def _place(
    layout: Layout, column: ColumnElement[Any], reason: ColumnElement[Any]
) -> tuple[ColumnElement[Any], ...]:
    line = layout.table.c[LINE_NUMBER].label("line")
    return line, column.cast(Text).label("column_name"), reason.cast(Text).label("reason")


def _take_out(db: Session, layout: Layout, broken: ReturningDelete[Any], rejects: Rejects) -> None:
    """Run a DELETE that returns the places; count all of them, fetch the first."""
    gone = broken.cte("gone")
    first = select(func.count().over().label("total"), gone).order_by(gone.c.line).limit(SHOWN)
    rows = db.execute(first).all()
    found = [Reject(layout.file, row.line, row.column_name, row.reason) for row in rows]
    rejects.add(layout.file, found, count=rows[0].total if rows else 0)
