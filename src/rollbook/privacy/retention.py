"""Remove what is past its rule of retention, as the owner: rows, their versions, their values in the log.

The app's role cannot: it may not take away versions, which are what is left of a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    table,
    true,
    union,
)
from sqlalchemy.orm import Session

from rollbook.attendance.refreshing import refresh_weeks
from rollbook.core import clock
from rollbook.core.acting import acting
from rollbook.core.output import as_json
from rollbook.core.progress import Report, Silent
from rollbook.core.schema import Base
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.privacy.about import TABLES, history_of, own_key, with_versions
from rollbook.privacy.doomed import SQL as ERASURE_SQL
from rollbook.privacy.periods import periods
from rollbook.privacy.redacting import redact_writes
from rollbook.privacy.retention_rules import GOES_WITH, RULES

SQL: Final = named_sql("rollbook.privacy", "retention.sql")
BASIS: Final = "rules of retention"
# Counted anew from the attendance that is left.
COUNTED: Final = frozenset(name for name in GOES_WITH if name.startswith("attendance_"))
_LEAVERS: Final = table("retention_leavers", column("student_id", Uuid()), column("left_on"))
_GONE: Final = table("retention_gone", column("table_name", Text()), column("value", Text()))


@dataclass(slots=True)
class Past:
    """The conditions under which rows are past their rule, by table, children before parents."""

    tenant: Tenant
    today: date
    cutoffs: Mapping[str, date]
    conditions: dict[str, ColumnElement[bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a run removed: rows by table, histories too, and values taken out of the log of writes."""

    rows: Mapping[str, int]
    redactions: int


def count_past(db: Session, tenant: Tenant) -> dict[str, int]:
    """Return by table how many rows are past their rule now. ``db`` must see the whole tenant."""
    past = look_past(db, tenant)
    return {name: _count(db, TABLES[name], where) for name, where in past.conditions.items()}


def remove_past(db: Session, tenant: Tenant, report: Report | None = None) -> Removed:
    """Remove what is past its rule, and say what that was. ``db`` is the owner's.

    What it does is all or nothing: whoever only wants to know rolls it back.
    """
    told = report or Silent()
    db.execute(ERASURE_SQL["hold_seals"], {"tenant_id": tenant.tenant_id})
    past = look_past(db, tenant, locks=True)
    _note_keys(db, past)
    removed: dict[str, int] = {}
    for name, where in past.conditions.items():
        told.step(f"{name}: what is past its rule")
        removed[name] = _delete(db, TABLES[name], where)
    if removed["attendance_records"]:
        refresh_weeks(db, tenant)
    for name in past.conditions:
        history = history_of(name)
        if history is not None:
            told.step(f"{history.name}: versions of what is past its rule")
            removed[history.name] = _delete(db, history, _condition(history, name, past))
    rows = {name: count for name, count in removed.items() if count}
    told.step("the log of writes")
    redactions = _redact(db, past, rows) if rows else 0
    db.expire_all()
    return Removed(rows, redactions)


def look_past(db: Session, tenant: Tenant, *, locks: bool = False) -> Past:
    """Find who left and what is past, as of today where the tenant is."""
    today = clock.today_in(tenant.time_zone)
    kept = periods(db, tenant.tenant_id)
    past = Past(tenant, today, {name: period.before(today) for name, period in kept.items()})
    for query in ("make_leavers", "make_gone", "forget_gone"):
        db.execute(SQL[query])
    _find_leavers(db, past)
    if locks:
        # looked for again, as some may have come back before they were locked
        db.execute(SQL["lock_leavers"], {"tenant_id": tenant.tenant_id})
        _find_leavers(db, past)
    parts = {"tenant_id": tenant.tenant_id, "cutoff": past.cutoffs["incident_participants"]}
    db.execute(SQL["find_incidents"], parts)
    for each in reversed(Base.metadata.sorted_tables):
        if _rule_of(each.name) in RULES and each.name not in COUNTED:
            past.conditions[each.name] = _condition(each, each.name, past)
    return past


def students_past(db: Session, tenant: Tenant, name: str) -> set[UUID]:
    """Return whose rows of a table are past its rule, wherever they are. ``db`` sees the whole tenant."""
    cutoff = look_past(db, tenant).cutoffs[name]
    students = TABLES["students"]
    left = select(_LEAVERS.c.student_id).where(_LEAVERS.c.left_on < cutoff)
    found = select(students.c.student_id).where(
        students.c.tenant_id == tenant.tenant_id,
        students.c.student_id.in_(left),
        _is_said(students) if name == "attendance_records" else true(),
    )
    return set(db.scalars(found))


def _find_leavers(db: Session, past: Past) -> None:
    db.execute(SQL["forget_leavers"])
    db.execute(SQL["find_leavers"], {"tenant_id": past.tenant.tenant_id, "today": past.today})


def _rule_of(name: str) -> str:
    return GOES_WITH.get(name, name)


def _condition(of: Table, name: str, past: Past) -> ColumnElement[bool]:
    """Return the condition on a table, or its history, under which a row is past the rule of ``name``."""
    rule, cutoff = RULES[_rule_of(name)], past.cutoffs[_rule_of(name)]
    mine = of.c.tenant_id == past.tenant.tenant_id
    if name == "discipline_incidents":
        gone = select(_GONE.c.value).where(_GONE.c.table_name == name)
        return and_(mine, cast(of.c.incident_id, Text).in_(gone))
    if rule.since == "leaving":
        left = of.c.student_id.in_(select(_LEAVERS.c.student_id).where(_LEAVERS.c.left_on < cutoff))
        return and_(mine, left, _is_said(of) if name == "attendance_records" else true())
    opens = datetime.combine(cutoff, time.min, ZoneInfo(past.tenant.time_zone))
    if name == "intake_rejects":
        return and_(mine, _is_old_line(of, opens))
    return and_(mine, of.c[rule.since] < opens, _is_of_nobody_held(of))


def _is_said(of: Table) -> ColumnElement[bool]:
    """Say whether silence means nothing of the student: else absences removed would read as presence."""
    times, sent = TABLES["student_school_enrollments"], TABLES["attendance_submissions"]
    silent = (
        select(times.c.student_id)
        .join(sent, and_(times.c.tenant_id == sent.c.tenant_id, times.c.school_id == sent.c.school_id))
        .where(times.c.tenant_id == of.c.tenant_id, times.c.student_id == of.c.student_id)
        .where(sent.c.is_by_exception)
    )
    return ~exists(silent)


def _held() -> Select[Any]:
    """Return the students of whom nothing may be removed by time."""
    holds, asked = TABLES["legal_holds"], TABLES["amendment_requests"]
    held = union(
        select(holds.c.student_id).where(holds.c.ended_at.is_(None)),
        select(asked.c.student_id).where(asked.c.state.in_(("asked", "heard"))),
    ).subquery()
    return select(held.c.student_id)


def _is_old_line(of: Table, opens: datetime) -> ColumnElement[bool]:
    """Say whether a line was rejected before; while anybody is held none is: lines name people by texts."""
    imports = TABLES["imports"]
    old = select(imports.c.import_id).where(
        imports.c.tenant_id == of.c.tenant_id, imports.c.started_at < opens
    )
    return and_(of.c.import_id.in_(old), ~exists(_held()))


def _is_of_nobody_held(of: Table) -> ColumnElement[bool]:
    grants, keys = TABLES["user_grants"], TABLES["api_keys"]
    of_held = select(grants.c.user_id).where(grants.c.scope == "student", grants.c.scope_id.in_(_held()))
    if "user_id" in of.c:
        return of.c.user_id.not_in(of_held)
    return of.c.key_id.not_in(select(keys.c.key_id).where(keys.c.user_id.in_(of_held)))


def _key_part(name: str) -> str | None:
    """Return the part of the key by which the log of writes knows a student's rows; none of accounts."""
    if RULES[_rule_of(name)].since != "leaving":
        return None
    names = [column.name for column in TABLES[name].primary_key.columns]
    is_by_student = "student_id" in names
    return "student_id" if is_by_student else own_key(TABLES[name]) or names[-1]


def _note_keys(db: Session, past: Past) -> None:
    """Keep of the rows that go, and of their versions, by what the log of writes knows them."""
    for name in past.conditions:
        part = _key_part(name)
        if part is None or name == "discipline_incidents":
            continue
        for of in with_versions(name):
            keys = select(literal(name, Text), cast(of.c[part], Text)).where(_condition(of, name, past))
            db.execute(insert(_GONE).from_select(["table_name", "value"], keys.distinct()))


def _redact(db: Session, past: Past, rows: Mapping[str, int]) -> int:
    """Take the removed values out of the log of writes, as an erasure that names nobody."""
    erasure_id: int = db.execute(ERASURE_SQL["next_erasure"]).scalar_one()
    fields = {name: part for name in past.conditions if (part := _key_part(name)) is not None}
    facts = {"tenant_id": past.tenant.tenant_id, "erasure_id": erasure_id}
    theirs = {"tables": list(past.conditions), "fields": as_json(fields)}
    redactions = redact_writes(db, past.tenant.tenant_id, erasure_id, SQL["mark_removed"], theirs)
    said = {"erased_id": uuid4(), "erased_by": acting().who, "basis": BASIS, "redactions": redactions}
    db.execute(ERASURE_SQL["keep_erasure"], facts | said | {"removed": as_json(rows), "kept": as_json([])})
    return redactions


def _count(db: Session, of: Table, where: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count()).select_from(of).where(where)) or 0


def _delete(db: Session, of: Table, where: ColumnElement[bool]) -> int:
    result = db.execute(delete(of).where(where), execution_options={"preserve_rowcount": True})
    assert isinstance(result, CursorResult)
    return result.rowcount
