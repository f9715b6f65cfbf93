"""Which rows of the database are about a student: those with their student_id, and those tied by a rule here.

Every table is one or the other, or stands in NOT_ABOUT with the reason; a test sees that none is forgotten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, Uuid, and_, func, literal, or_, select, union

import rollbook.access.models
import rollbook.accounts.models
import rollbook.accounts.models_factors
import rollbook.accounts.models_grants
import rollbook.accounts.models_keys
import rollbook.accounts.models_providers
import rollbook.accounts.models_tries
import rollbook.activity.models
import rollbook.attendance.models
import rollbook.audit.models
import rollbook.conduct.models
import rollbook.core.tenancy
import rollbook.curriculum.models
import rollbook.curriculum.models_lessons
import rollbook.grades.models
import rollbook.intake.models
import rollbook.ops.models
import rollbook.privacy.models
import rollbook.risk.models
import rollbook.roster.models
import rollbook.roster.models_calendar
import rollbook.roster.models_families  # noqa: F401 - imported for the tables they declare
from rollbook.core.schema import HISTORY_SUFFIX, Base

TABLES: Final[Mapping[str, Table]] = Base.metadata.tables
_OF_ACCOUNT: Final = (
    *("users", "user_sessions", "totp_secrets", "recovery_codes", "known_devices"),
    *("user_preferences", "api_keys", "identity_links"),
)
# Keys of a source's facts, or of a rejected line, whose value names a person.
NAMES_A_PERSON: Final = "(student|user|learner|person|agent|sourcedid)"
NOT_ABOUT: Final[Mapping[str, frozenset[str]]] = {
    "the district, its places and its calendar": frozenset(
        {"tenants", "schools", "academic_sessions", "school_calendar_days", "attendance_rules"}
    ),
    "how people of the district sign in, and what roles for BI may read": frozenset(
        {"identity_providers", "bi_roles"}
    ),
    "staff and their work": frozenset({"staff", "staff_assignments", "section_staff"}),
    "what is taught, and how it is marked": frozenset(
        {
            *("courses", "course_prerequisites", "course_standards", "learning_standards"),
            *("sections", "section_sessions", "lesson_plans", "lesson_plan_standards", "pe_lesson_plans"),
            *("assignment_categories", "assignments", "grade_rules", "grade_scales", "grade_scale_steps"),
            *("activities", "routines", "routine_activities", "fitness_tests", "fitness_zones"),
        }
    ),
    "sums over many students": frozenset({"attendance_week_sums", "attendance_total_windows"}),
    "models of all students together": frozenset({"model_metadata"}),
    "copies for research: secrets and figures of all students together": frozenset(
        {"research_projects", "research_copies"}
    ),
    "receipts: numbers of rows, and no values": frozenset(
        {"imports", "attendance_submissions", "attendance_loads"}
    ),
    "what is in the archive, by months and numbers of rows; an erasure rewrites its files": frozenset(
        {"archives"}
    ),
    "the log of writes, which the record tells apart: who wrote what about the student": frozenset(
        {"audit_writes"}
    ),
    "seals over the logs": frozenset({"audit_seals"}),
    "how long rows are kept": frozenset({"retention_rules"}),
    "what was erased, by numbers and digests": frozenset(
        {"erasures", "audit_redactions", "erased_names", "erasure_keys"}
    ),
    "counts of tries to sign in, by digests": frozenset({"sign_in_tries"}),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rows are asked for."""

    tenant_id: int
    student_id: UUID


def base_of(name: str) -> str:
    """Return the table whose versions ``name`` keeps, or itself."""
    return name.removesuffix(HISTORY_SUFFIX)


def history_of(name: str) -> Table | None:
    """Return the table of superseded versions, where one is kept."""
    return TABLES.get(name + HISTORY_SUFFIX)


def tables_about() -> Sequence[str]:
    """Return the tables that may have rows about a student, histories aside, parents before children."""
    return [
        table.name
        for table in Base.metadata.sorted_tables
        if not table.name.endswith(HISTORY_SUFFIX) and is_about(table)
    ]


def is_about(table: Table) -> bool:
    """Say whether rows of ``table`` may be about one student."""
    return "student_id" in table.c or base_of(table.name) in TIED


def rows_about(table: Table, subject: Subject) -> ColumnElement[bool]:
    """Return the condition on ``table``, current or history, under which its row is about the student."""
    mine = table.c.tenant_id == subject.tenant_id
    if base_of(table.name) == "activity_logs":
        theirs = table.c.student_id == subject.student_id
        return and_(mine, or_(theirs, _of_account(table, subject)))
    if "student_id" in table.c:
        return and_(mine, table.c.student_id == subject.student_id)
    return and_(mine, TIED[base_of(table.name)](table, subject))


def with_versions(name: str) -> Iterator[Table]:
    """Yield the table and, where it has one, its history."""
    yield TABLES[name]
    history = history_of(name)
    if history is not None:
        yield history


def own_key(table: Table) -> str | None:
    """Return the column of the entity's own UUID, where the table has one."""
    key = [column for column in table.primary_key.columns if column.name != "tenant_id"]
    is_own = len(key) == 1 and isinstance(key[0].type, Uuid) and not key[0].foreign_keys
    return key[0].name if is_own else None


def ever(name: str, column: str, subject: Subject) -> Select[Any]:
    """Return the values of a column in all versions of the rows about the student."""
    parts = [select(table.c[column]).where(rows_about(table, subject)) for table in with_versions(name)]
    together = union(*parts).subquery()
    return select(together.c[0])


def account_of(subject: Subject) -> Select[Any]:
    """Return the ids of the users by whom the student signs in: who is a student and sees this one."""
    grants, users = TABLES["user_grants"].alias(), TABLES["users"].alias()
    return (
        select(users.c.user_id)
        .join(
            grants,
            and_(users.c.tenant_id == grants.c.tenant_id, users.c.user_id == grants.c.user_id),
        )
        .where(
            users.c.tenant_id == subject.tenant_id,
            users.c.role == "student",
            grants.c.scope == "student",
            grants.c.scope_id == subject.student_id,
        )
    )


def names_of(subject: Subject) -> Select[Any]:
    """Return what sources and the district call the student: numbers, ids, addresses of mail."""
    records = TABLES["source_records"]
    called = (
        select(records.c.source_id)
        .where(
            records.c.tenant_id == subject.tenant_id,
            records.c.entity_type == "students",
            records.c.entity_id == subject.student_id,
        )
        .union(ever("students", "student_number", subject), ever("students", "email", subject))
        .subquery()
    )
    return select(called.c[0]).where(called.c[0].is_not(None))


def _tied_by(link: str, key: str) -> Callable[[Table, Subject], ColumnElement[bool]]:
    return lambda table, subject: table.c[key].in_(ever(link, key, subject))


def _of_account(table: Table, subject: Subject) -> ColumnElement[bool]:
    return table.c.user_id.in_(account_of(subject))


def _grants(table: Table, subject: Subject) -> ColumnElement[bool]:
    on_student = and_(table.c.scope == "student", table.c.scope_id == subject.student_id)
    return or_(on_student, table.c.user_id.in_(account_of(subject)))


def _quotes(fields: ColumnElement[Any], subject: Subject) -> ColumnElement[bool]:
    """Say whether a field that names a person has one of the student's names."""
    field = func.jsonb_each_text(fields).table_valued("key", "value", name="field")
    named = field.c.value.in_(names_of(subject))
    return select(literal(1)).select_from(field).where(field.c.key.op("~*")(NAMES_A_PERSON), named).exists()


def _source_records(table: Table, subject: Subject) -> ColumnElement[bool]:
    entities = [
        and_(table.c.entity_type == name, table.c.entity_id.in_(ever(name, key, subject)))
        for name in tables_about()
        if name != "source_records" and (key := own_key(TABLES[name]))
    ]
    called = [
        and_(table.c.entity_type == name, table.c.source_id.in_(ever(name, "source_id", subject)))
        for name in tables_about()
        if name != "source_records" and "source_id" in TABLES[name].c
    ]
    person = and_(
        table.c.record_type.in_(("users", "demographics")), table.c.source_id.in_(_source_ids(subject))
    )
    return or_(*entities, *called, person, _quotes(table.c.facts, subject))


def _source_ids(subject: Subject) -> Select[Any]:
    records = TABLES["source_records"].alias()
    return select(records.c.source_id).where(
        records.c.tenant_id == subject.tenant_id,
        records.c.entity_type == "students",
        records.c.entity_id == subject.student_id,
    )


TIED: Final[Mapping[str, Callable[[Table, Subject], ColumnElement[bool]]]] = {
    "guardians": _tied_by("student_guardians", "guardian_id"),
    "discipline_incidents": _tied_by("incident_participants", "incident_id"),
    "user_grants": _grants,
    "source_records": _source_records,
    "intake_rejects": lambda table, subject: _quotes(table.c.fields, subject),
    **dict.fromkeys(_OF_ACCOUNT, _of_account),
    "access_tokens": _tied_by("api_keys", "key_id"),
}
