"""Erase a student: every row about them, and their values in the logs; what the law asks to keep stays.

It is one transaction, as the owner: the app's role cannot take away what it is only ever to add.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    Text,
    and_,
    cast,
    delete,
    false,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session

from rollbook.attendance.refreshing import refresh_weeks
from rollbook.core.acting import acting, plain
from rollbook.core.errors import Conflict, Invalid
from rollbook.core.output import as_json
from rollbook.core.tenancy import Tenant
from rollbook.intake.erased import NUMBER, digest, source_kind
from rollbook.intake.models import ErasedName
from rollbook.privacy.about import (
    TABLES,
    Subject,
    history_of,
    own_key,
    rows_about,
    tables_about,
    with_versions,
)
from rollbook.privacy.doomed import KEPT, SQL, Doomed, key_of, look
from rollbook.privacy.redacting import redact_writes
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound

# Counted from attendance, which is erased before them.
COUNTED: Final = ("attendance_weeks", "attendance_totals", "attendance_stale_weeks")
_CAN_CLEAR: Final = text("SELECT to_regproc('pg_clear_attribute_stats') IS NOT NULL")
# Not among the named queries, which have to bind on every server.
_CLEAR: Final = text(
    "SELECT count(pg_clear_attribute_stats('public', part.name, cast(attname AS text), inherited))"
    " FROM unnest(cast(:names AS text[])) AS told (name)"
    " CROSS JOIN LATERAL (SELECT cast(cast(relid AS regclass) AS text)"
    " FROM pg_partition_tree(cast(told.name AS regclass)) UNION SELECT told.name) AS part (name)"
    " INNER JOIN pg_attribute ON attrelid = cast(part.name AS regclass) AND attnum > 0 AND NOT attisdropped"
    " CROSS JOIN (VALUES (false), (true)) AS kinds (inherited)"
)


class HeldLegally(Conflict):
    """A legal hold on this student stands: nothing may be erased. `rollbook privacy hold list` says why."""


class MonthHalfArchived(Conflict):
    """{months}: half taken out to the archive, and perhaps with rows of this student. Nothing was erased.

    First finish it: `rollbook archive run --yes`.
    """


class BasisNamesStudent(Invalid):
    """The reason for an erasure is kept: it must not name the student. Nothing was erased."""


class BasisMissing(Invalid):
    """Say why the record is erased, such as the rule or the request's number, without naming anybody."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an erasure left in place, how many rows, and why."""

    what: str
    rows: int
    why: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did. ``quoted``: rows elsewhere, by table, whose text still quotes the student."""

    erasure_id: int
    erased_id: UUID
    removed: Mapping[str, int]
    redactions: int
    kept: Sequence[Kept]
    quoted: Mapping[str, int]


def erase(db: Session, tenant: Tenant, student_id: UUID, *, basis: str) -> Erased:
    """Erase the student's record, and say what was removed, what was kept and why. ``db`` is the owner's.

    Raises: ``StudentNotFound``; ``HeldLegally``; ``MonthHalfArchived``; ``BasisMissing``;
    ``BasisNamesStudent``.
    """
    subject = Subject(tenant.tenant_id, student_id)
    _check(db, subject)
    db.execute(SQL["hold_seals"], {"tenant_id": tenant.tenant_id})
    doomed = look(db, subject)
    said = _basis(basis, doomed)
    erasure_id: int = db.execute(SQL["next_erasure"]).scalar_one()
    _remember_names(db, doomed, erasure_id)
    removed = _remove(db, tenant, doomed)
    redactions = _redact(db, doomed, erasure_id)
    quoted = _quoted(db, doomed)
    kept = _kept(db, doomed, redactions)
    facts = {
        "tenant_id": tenant.tenant_id,
        "erasure_id": erasure_id,
        "erased_id": student_id,
        "erased_by": acting().who,
        "basis": said,
        "removed": as_json(removed),
        "kept": as_json(kept),
        "redactions": redactions,
    }
    db.execute(SQL["keep_erasure"], facts)
    _forget_statistics(db, removed)
    return Erased(erasure_id, student_id, removed, redactions, kept, quoted)


def _check(db: Session, subject: Subject) -> None:
    if db.get(Student, (subject.tenant_id, subject.student_id), with_for_update=True) is None:
        raise StudentNotFound
    if db.scalar(SQL["held"], key_of(subject)):
        raise HeldLegally
    if months := list(db.scalars(SQL["half_archived"])):
        raise MonthHalfArchived(months=", ".join(months))


def _basis(basis: str, doomed: Doomed) -> str:
    said = plain(basis).strip()
    if not said:
        raise BasisMissing
    names = {word for quote in doomed.quotes for word in quote.casefold().split() if len(word) > 2}  # noqa: PLR2004 -- not "de"
    if names & set(said.casefold().replace(",", " ").replace(".", " ").split()):
        raise BasisNamesStudent
    return said


def _remember_names(db: Session, doomed: Doomed, erasure_id: int) -> None:
    """Keep digests of what sources call the student, so that no import brings them back."""
    tenant_id = doomed.subject.tenant_id
    digests = {digest(db, tenant_id, NUMBER, number) for number in doomed.numbers}
    digests |= {digest(db, tenant_id, source_kind(source), name) for source, name in doomed.sources}
    db.add_all(
        ErasedName(tenant_id=tenant_id, digest=one, erasure_id=erasure_id)
        for one in sorted(digests)
        if db.get(ErasedName, (tenant_id, one)) is None
    )
    db.flush()


def _remove(db: Session, tenant: Tenant, doomed: Doomed) -> dict[str, int]:
    """Take the rows away, children first, then the versions that this itself has superseded."""
    names = [name for name in reversed(tables_about()) if name not in (*KEPT, *COUNTED)]
    conditions = {name: _condition(db, name, doomed) for name in names}
    removed = {name: _delete(db, TABLES[name], conditions[name](TABLES[name])) for name in names}
    refresh_weeks(db, tenant)
    counted = {name: _delete(db, TABLES[name], rows_about(TABLES[name], doomed.subject)) for name in COUNTED}
    versions = {
        history.name: _delete(db, history, conditions[name](history))
        for name in names
        if (history := history_of(name)) is not None
    }
    db.expire_all()
    return {name: rows for name, rows in (removed | counted | versions).items() if rows}


def _condition(db: Session, name: str, doomed: Doomed) -> Any:  # noqa: ANN401 -- Table -> condition
    """Return what makes a condition for the table or its history; found now, since ties go too."""
    table, subject = TABLES[name], doomed.subject
    if name in ("guardians", "discipline_incidents"):
        ids = doomed.guardians if name == "guardians" else doomed.incidents
        key = own_key(table) or ""
        return lambda of: and_(of.c.tenant_id == subject.tenant_id, of.c[key].in_(ids))
    if "student_id" in table.c and "user_id" not in table.c:
        return lambda of: rows_about(of, subject)
    key_names = [column.name for column in table.primary_key.columns]
    keys = [
        tuple(row)
        for of in with_versions(name)
        for row in db.execute(select(*(of.c[one] for one in key_names)).where(_is_theirs(of, doomed)))
    ]
    return lambda of: tuple_(*(of.c[one] for one in key_names)).in_(keys)


def _is_theirs(table: Table, doomed: Doomed) -> ColumnElement[bool]:
    """Say whether a row is the student's, or of an account that goes with them."""
    theirs = rows_about(table, doomed.subject)
    if "user_id" in table.c:
        of_account = table.c.user_id.in_(doomed.accounts)
        theirs = or_(theirs, and_(table.c.tenant_id == doomed.subject.tenant_id, of_account))
    return theirs


def _delete(db: Session, table: Table, condition: ColumnElement[bool]) -> int:
    result = db.execute(delete(table).where(condition), execution_options={"preserve_rowcount": True})
    assert isinstance(result, CursorResult)
    return result.rowcount


def _redact(db: Session, doomed: Doomed, erasure_id: int) -> int:
    subject = doomed.subject
    quotes: dict[str, object] = {"quotes": doomed.quotes}
    about: dict[str, object] = {
        "student_id": str(subject.student_id),
        "keys": doomed.keys,
        "source_ids": [source_id for _, source_id in doomed.sources],
    }
    writes = redact_writes(db, subject.tenant_id, erasure_id, SQL["mark_writes"], about | quotes)
    facts = key_of(subject) | {"erasure_id": erasure_id} | quotes
    disclosures: int = db.execute(SQL["redact_disclosures"], facts).scalar_one()
    return writes + disclosures


def _quoted(db: Session, doomed: Doomed) -> dict[str, int]:
    """Count the rows, in any table, whose text still quotes the student: what others wrote freely."""
    found = {}
    for table in TABLES.values():
        if "tenant_id" not in table.c:
            continue
        row = cast(_whole_row(table), Text)
        quotes = or_(false(), *(func.strpos(row, quote) > 0 for quote in doomed.quotes))
        count = db.scalar(
            select(func.count())
            .select_from(table)
            .where(table.c.tenant_id == doomed.subject.tenant_id, quotes)
        )
        if count:
            found[table.name] = count
    return found


def _whole_row(table: Table) -> ColumnElement[Any]:
    """Return the row of ``table`` as a whole."""
    return func.row(*(column for column in table.columns if column.name != "tenant_id"))


def _forget_statistics(db: Session, removed: Mapping[str, int]) -> None:
    """Let the planner look anew: among the values that it keeps of a column may be the student's.

    Of a table that has become empty it keeps what it had; from PostgreSQL 18 on that can be cleared.
    """
    names = [*removed, "audit_writes", "disclosures"]
    if db.scalar(_CAN_CLEAR):
        db.execute(_CLEAR, {"names": names})
    for name in names:
        db.connection().exec_driver_sql(f"ANALYZE {name}")


def _kept(db: Session, doomed: Doomed, redactions: int) -> list[Kept]:
    log = TABLES["disclosures"]
    shown = db.scalar(select(func.count()).select_from(log).where(rows_about(log, doomed.subject))) or 0
    kept = [
        Kept(
            "entries of the log of disclosures, without what was said to need the record for",
            shown,
            "34 CFR 99.32(a)(2): who was shown a record is kept as long as the record; they name no student",
        ),
        Kept(
            "values in the logs, of which only a digest is left",
            redactions,
            "so that the seals still prove the logs",
        ),
        Kept(
            "digests of the student's numbers and ids in sources",
            len(doomed.numbers) + len(doomed.sources),
            "so that no import brings the student back",
        ),
        Kept(
            "incidents that other students had a part in",
            doomed.shared_incidents,
            "they are their record too",
        ),
        Kept("guardians of other students", doomed.shared_guardians, "they answer for them"),
    ]
    return [one for one in kept if one.rows]
