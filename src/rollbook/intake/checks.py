"""Check what is staged, as sets: each check removes the lines that fail it and says which and why."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Text,
    TextualSelect,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from rollbook.intake.layout import LINE_NUMBER, Layout, Reference
from rollbook.intake.quarantine import REJECTED
from rollbook.intake.rejects import SHOWN, Reject, Rejects

Reason = str | ColumnElement[str]
_TEXTS: Final = ARRAY(Text)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is said of a line: of which column, and why. It must not repeat a value that is about a person."""

    column: str
    reason: Reason


def check(db: Session, layout: Layout, rejects: Rejects) -> None:
    """Take out the staged lines that break ``layout``'s rules: form, then reference, then key.

    What it refers to must have been checked before, so that what refers to a reject is one too.
    """
    check_forms(db, layout, rejects)
    for reference in layout.references:
        check_reference(db, layout, reference, rejects)
    if layout.key:
        check_key(db, layout, rejects)


def check_reference(db: Session, layout: Layout, reference: Reference, rejects: Rejects) -> None:
    """Take out the staged lines whose ``reference`` leads nowhere."""
    here, there = layout.table, reference.to.table
    same = and_(*(here.c[name] == there.c[column] for name, column in reference.pairs))
    leads_nowhere = ~exists(select(literal(1)).select_from(there).where(same))
    if reference.is_optional:
        leads_nowhere &= and_(*(here.c[name].is_not(None) for name in reference.columns))
    why: Reason = f"has no match in {reference.to.file}"
    if rejects.is_kept:
        why = case(
            (_leads_to_reject(reference, layout), f"refers to a rejected row of {reference.to.file}"),
            else_=why,
        )
    reject_where(db, layout, leads_nowhere, Fault(", ".join(reference.columns), why), rejects)


def check_forms(db: Session, layout: Layout, rejects: Rejects) -> None:
    """Take out the staged lines with a value of the wrong form; each such value is named."""
    rules = [(column.name, column.holds(), column.fault) for column in layout.columns]
    broken = delete(layout.table).where(~and_(*(holds for _, holds, _ in rules)))
    which = array([case((~holds, name), else_=null()) for name, holds, _ in rules])
    why = array([case((~holds, fault), else_=null()) for _, holds, fault in rules])
    _take_out(db, layout, broken.returning(*_place(layout, _compact(which), _compact(why))), rejects)


def check_key(db: Session, layout: Layout, rejects: Rejects) -> None:
    """Keep the first line with a key; those that repeat it go."""
    stage = layout.table
    key = [stage.c[name] for name in layout.key]
    first = func.min(stage.c[LINE_NUMBER]).over(partition_by=key).label("first_line")
    firsts = select(stage.c[LINE_NUMBER], first).subquery("firsts")
    repeats = delete(stage).where(
        stage.c[LINE_NUMBER] == firsts.c[LINE_NUMBER], firsts.c.first_line < stage.c[LINE_NUMBER]
    )
    why = func.format("repeats line %s", firsts.c.first_line)
    place = _place(layout, _one(", ".join(layout.key)), _one(why))
    _take_out(db, layout, repeats.returning(*place), rejects)


def reject_where(
    db: Session, layout: Layout, condition: ColumnElement[bool], fault: Fault, rejects: Rejects
) -> None:
    """Take out the staged lines for which ``condition``, on ``layout.table``'s columns, is true."""
    broken = delete(layout.table).where(condition)
    _take_out(db, layout, broken.returning(*_place(layout, _one(fault.column), _one(fault.reason))), rejects)


def reject_lines(db: Session, layout: Layout, faults: Select[Any] | TextualSelect, rejects: Rejects) -> None:
    """Take out the staged lines that ``faults`` returns, once for each fault.

    Shape: line_number, column_name text, reason text; such as
    ``SQL["strangers"].columns(column("line_number", BigInteger), column("column_name", Text), ...)``.
    """
    found = faults.subquery("found")
    which = func.array_agg(cast(found.c.column_name, Text)).label("columns")
    why = func.array_agg(cast(found.c.reason, Text)).label("reasons")
    lines = select(found.c[LINE_NUMBER], which, why).group_by(found.c[LINE_NUMBER]).subquery("lines")
    broken = delete(layout.table).where(layout.table.c[LINE_NUMBER] == lines.c[LINE_NUMBER])
    place = _place(layout, lines.c.columns, lines.c.reasons)
    _take_out(db, layout, broken.returning(*place), rejects)


def _leads_to_reject(reference: Reference, layout: Layout) -> ColumnElement[bool]:
    there = [REJECTED.c.fields[column].astext for _, column in reference.pairs]
    of_rejects = select(*there).where(REJECTED.c.file == reference.to.file)
    return tuple_(*(layout.table.c[name] for name, _ in reference.pairs)).in_(of_rejects)


def _one(value: Reason) -> ColumnElement[Any]:
    return array([cast(literal(value, String) if isinstance(value, str) else value, Text)])


def _compact(values: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.array_remove(cast(values, _TEXTS), null())


def _place(
    layout: Layout, columns: ColumnElement[Any], reasons: ColumnElement[Any]
) -> tuple[ColumnElement[Any], ...]:
    return layout.table.c[LINE_NUMBER].label("line"), columns.label("columns"), reasons.label("reasons")


def _take_out(db: Session, layout: Layout, broken: ReturningDelete[Any], rejects: Rejects) -> None:
    """Run a DELETE that returns the places; count all lines, fetch the first faults, keep all if told to."""
    fields = _fields(layout) if rejects.is_kept else null()
    gone = broken.returning(fields.label("fields")).cte("gone")
    fault = (
        func.unnest(gone.c.columns, gone.c.reasons)
        .table_valued("column_name", "reason", with_ordinality="nr", name="fault")
        .render_derived()
    )
    faults = (
        select(gone.c.line, gone.c.fields, fault.c.column_name, fault.c.reason, fault.c.nr)
        .select_from(gone)
        .join(fault, true())
        .cte("faults")
    )
    total = select(func.count()).select_from(gone).scalar_subquery().label("total")
    first = (
        select(total, faults.c.line, faults.c.column_name, faults.c.reason)
        .order_by(faults.c.line, faults.c.nr)
        .limit(SHOWN)
    )
    if rejects.is_kept:
        first = first.add_cte(_kept(layout, faults))
    rows = db.execute(first).all()
    found = [Reject(layout.file, row.line, row.column_name, row.reason) for row in rows]
    rejects.add(layout.file, found, count=rows[0].total if rows else 0)


def _fields(layout: Layout) -> ColumnElement[Any]:
    """Return the whole staged line, the columns that nobody asked for too."""
    line: ColumnElement[Any] = literal_column(f'to_jsonb("{layout.stage}")')
    return func.jsonb_strip_nulls(line.op("-")(literal(LINE_NUMBER, Text)))


def _kept(layout: Layout, faults: CTE) -> CTE:
    is_code = func.coalesce(faults.c.column_name.in_(layout.codes), False)
    rows = select(
        literal(layout.file), faults.c.line, faults.c.column_name, faults.c.reason, is_code, faults.c.fields
    )
    into = ["file", "line", "column_name", "reason", "is_code", "fields"]
    return insert(REJECTED).from_select(into, rows).cte("kept")
