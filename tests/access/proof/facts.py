"""The oracle: who may see which student, from the roster's facts, by plain sets. No query of ours is used.

It says once more, in another language, what docs/howto/accounts.md promises.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias
from uuid import UUID

from psycopg.rows import namedtuple_row

from access.proof.catalogue import Connection

Record: TypeAlias = Any  # a row of some table, its columns by name
LEADS: Final = {
    "principal": {"principal", "siteAdministrator"},
    "counselor": {"counselor"},
    "registrar": {"siteAdministrator"},
}
_YEAR: Final = 365


@dataclass(frozen=True)
class Facts:
    """The rows that decide, of both tenants, read past all walls."""

    today: date
    tables: dict[str, list[Record]]

    def of(self, table: str, **fields: object) -> list[Record]:
        return [
            row
            for row in self.tables[table]
            if all(getattr(row, name) == value for name, value in fields.items())
        ]


def read_facts(superuser: Connection, today: date) -> Facts:
    """Read the rows as they are."""
    names = (
        "users user_grants staff staff_assignments guardians student_guardians student_school_enrollments"
        " section_staff sections course_enrollments schools"
    )
    with superuser.cursor(row_factory=namedtuple_row) as cursor:
        return Facts(
            today, {name: cursor.execute(f"SELECT * FROM {name}").fetchall() for name in names.split()}
        )


def students_of(facts: Facts, user: Record) -> frozenset[UUID] | None:
    """Return the students whom ``user`` may see; none at all means: all of the tenant."""
    grants = [
        given
        for given in facts.of("user_grants", tenant_id=user.tenant_id, user_id=user.user_id)
        if given.begins_on <= facts.today and (given.ends_on is None or facts.today < given.ends_on)
    ]
    if user.role == "district_admin" or any(given.scope == "tenant" for given in grants):
        return None
    granted = {student for given in grants for student in _granted(facts, user.tenant_id, given)}
    return frozenset(_by_work(facts, user) | granted)


def _granted(facts: Facts, tenant_id: int, given: Record) -> set[UUID]:
    match given.scope:
        case "school":
            return at_school(facts, tenant_id, given.scope_id)
        case "section":
            return _in_sections(facts, facts.of("sections", tenant_id=tenant_id, section_id=given.scope_id))
        case _:
            return {given.scope_id}


def _by_work(facts: Facts, user: Record) -> set[UUID]:
    every = facts.of("staff", tenant_id=user.tenant_id, user_id=user.user_id)
    me = [staff for staff in every if not _has_left(facts, staff)]
    match user.role:
        case "teacher":
            return _in_sections(facts, _taught(facts, me))
        case "counselor":
            return _caseload(facts, user, every) if me else set()
        case "principal" | "registrar":
            return _union(at_school(facts, user.tenant_id, at) for at in _workplaces(facts, user.role, me))
        case "guardian":
            return _family(facts, user)
        case _:
            return set()


def _union(sets: Iterable[set[UUID]]) -> set[UUID]:
    return {student for one in sets for student in one}


def _has_left(facts: Facts, staff: Record) -> bool:
    """Say whether all the work at schools that they ever had has ended."""
    work = facts.of("staff_assignments", tenant_id=staff.tenant_id, staff_id=staff.staff_id)
    return bool(work) and all(one.ends_on is not None and one.ends_on <= facts.today for one in work)


def _workplaces(facts: Facts, role: str, me: list[Record]) -> set[UUID]:
    """Return the schools that they lead today; the home school of those who were never assigned anywhere."""
    places = set()
    for staff in me:
        assigned = facts.of("staff_assignments", tenant_id=staff.tenant_id, staff_id=staff.staff_id)
        if not assigned:
            places.add(staff.school_id)
        places |= {
            work.school_id
            for work in assigned
            if work.staff_role in LEADS[role]
            and (work.begins_on is None or work.begins_on <= facts.today)
            and (work.ends_on is None or work.ends_on > facts.today)
        }
    return places - {None}


def at_school(facts: Facts, tenant_id: int, school_id: UUID) -> set[UUID]:
    stays = facts.of("student_school_enrollments", tenant_id=tenant_id, school_id=school_id)
    newest = max((stay.school_year for stay in stays), default=None)
    return {
        stay.student_id
        for stay in stays
        if stay.school_year == newest
        or (stay.entry_on <= facts.today and (stay.exit_on is None or stay.exit_on > facts.today))
    }


def _caseload(facts: Facts, user: Record, me: list[Record]) -> set[UUID]:
    mine = [
        stay
        for staff in me
        for stay in facts.of(
            "student_school_enrollments", tenant_id=user.tenant_id, counselor_staff_id=staff.staff_id
        )
    ]
    if not mine:
        return _union(at_school(facts, user.tenant_id, at) for at in _workplaces(facts, "counselor", me))
    return {stay.student_id for stay in mine if stay.exit_on is None or stay.exit_on > facts.today}


def _taught(facts: Facts, me: list[Record]) -> list[Record]:
    """Return the sections that they teach, or taught to the end, of the year of the last of them."""
    sections = {(section.tenant_id, section.section_id): section for section in facts.tables["sections"]}
    taught = [
        section
        for staff in me
        for work in facts.of("section_staff", tenant_id=staff.tenant_id, staff_id=staff.staff_id)
        for section in [sections[work.tenant_id, work.section_id]]
        if work.section_role != "proctor"
        and (work.begins_on is None or work.begins_on <= facts.today)
        and (work.ends_on is None or work.ends_on > facts.today or work.ends_on >= section.ends_on)
    ]
    last = max((section.ends_on for section in taught), default=None)
    return [section for section in taught if last and (last - section.ends_on).days < _YEAR]


def _in_sections(facts: Facts, sections: list[Record]) -> set[UUID]:
    taken = defaultdict(list)
    for taking in facts.tables["course_enrollments"]:
        taken[taking.tenant_id, taking.section_id].append(taking)
    return {
        taking.student_id
        for section in sections
        for taking in taken[section.tenant_id, section.section_id]
        if taking.withdrawn_on is None
        or taking.withdrawn_on > facts.today
        or taking.withdrawn_on >= section.ends_on
    }


def _family(facts: Facts, user: Record) -> set[UUID]:
    mine = {row.guardian_id for row in facts.of("guardians", tenant_id=user.tenant_id, user_id=user.user_id)}
    return {
        tie.student_id
        for tie in facts.of("student_guardians", tenant_id=user.tenant_id, may_see_records=True)
        if tie.guardian_id in mine
    }
