"""The list of incidents: filtered, paged, counted, for those who may see a participant."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role
from rollbook.conduct.listing import Filter, count_incidents, list_incidents, may_read_descriptions
from rollbook.conduct.models import ParticipantRole
from rollbook.core.paging import CursorInvalid, write_cursor
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.models import Student
from rollbook.testing import factories as make

FIRST = date(2025, 9, 1)
YEAR = Filter(FIRST, date(2026, 6, 30))


@pytest.fixture
def students(db: Session) -> dict[str, list[Student]]:
    """Two schools with 4 and 1 students; seven incidents of the first school, one of the second."""
    oak, elm = (make.create_school(db, code=code, name=code.title()) for code in ("OAK", "ELM"))
    oaks = [make.create_student(db, number=f"O{n}", school=oak) for n in range(4)]
    elms = [make.create_student(db, number="E0", school=elm)]
    for n in range(7):
        make.create_incident(
            db,
            oaks[n % 2],
            incident_on=FIRST + timedelta(days=10 * n),
            incident_type="fighting" if n % 3 else "truancy",
            severity_level=1 + n % 2,
            school_id=oak.school_id,
            description=f"Number {n}",
            action_taken="detention" if n == 6 else None,
        )
    both = make.create_incident(db, elms[0], incident_on=FIRST, school_id=elm.school_id)
    make.take_part(db, oaks[3], both, role=ParticipantRole.VICTIM)
    return {"oak": oaks, "elm": elms}


@pytest.mark.usefixtures("students")
def test_pages_follow_each_other_newest_first(db: Session, tenant: Tenant) -> None:
    days, cursor, firsts = [], None, []
    while True:
        page = list_incidents(db, tenant.tenant_id, YEAR, cursor=cursor, limit=3)
        days += [row.incident_on for row in page.rows]
        firsts.append((page.first, page.last))
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    assert days == sorted(days, reverse=True)
    assert firsts == [(1, 3), (4, 6), (7, 8)]


@pytest.mark.parametrize(
    "cursor", ["x", write_cursor("2025-09-01", "no uuid", 3), write_cursor("x", "0" * 32, 3)]
)
def test_a_forged_cursor_is_refused(db: Session, tenant: Tenant, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        list_incidents(db, tenant.tenant_id, YEAR, cursor=cursor)


@pytest.mark.usefixtures("students")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (YEAR, 8),
        (Filter(FIRST, FIRST), 2),
        (Filter(FIRST, YEAR.until, school="ELM"), 1),
        (Filter(FIRST, YEAR.until, incident_type="truancy"), 3),
        (Filter(FIRST, YEAR.until, school="OAK", severity_level=2), 3),
        (Filter(FIRST, YEAR.until, school="NONE"), 0),
    ],
)
def test_incidents_are_filtered_and_counted_alike(
    db: Session, tenant: Tenant, wanted: Filter, expected: int
) -> None:
    assert len(list_incidents(db, tenant.tenant_id, wanted).rows) == expected
    assert count_incidents(db, tenant.tenant_id, wanted).total.incidents == expected


@pytest.mark.usefixtures("students")
def test_counts_and_rates_by_group(db: Session, tenant: Tenant) -> None:
    counts = count_incidents(db, tenant.tenant_id, YEAR)

    assert (counts.total.incidents, counts.total.students, counts.total.per_100) == (8, 5, 160)
    assert [(c.value, c.label, c.incidents, c.per_100) for c in counts.by_school] == [
        ("OAK", "Oak", 7, 175),
        ("ELM", "Elm", 1, 100),
    ]
    assert {c.value: c.incidents for c in counts.by_type} == {"fighting": 4, "truancy": 3, "disruption": 1}
    assert {c.label: c.incidents for c in counts.by_severity} == {"minor": 4, "moderate": 4}
    assert [(c.label, c.incidents) for c in counts.by_month] == [
        ("September 2025", 4),
        ("October 2025", 4),
    ]


def test_only_those_in_sight_are_listed_and_named(
    db: Session, tenant: Tenant, students: dict[str, list[Student]]
) -> None:
    look_through(db, Visibility(tenant.tenant_id, (students["oak"][3].student_id,)))

    (row,) = list_incidents(db, tenant.tenant_id, YEAR).rows

    assert [(part.student_number, part.participant_role) for part in row.participants] == [("O3", "victim")]
    counts = count_incidents(db, tenant.tenant_id, YEAR)
    assert (counts.total.incidents, counts.total.students) == (1, 1)


@pytest.mark.usefixtures("students")
def test_descriptions_are_told_to_who_deals_with_incidents(db: Session, tenant: Tenant) -> None:
    wanted = Filter(FIRST, YEAR.until, school="OAK")
    hidden = list_incidents(db, tenant.tenant_id, wanted).rows
    told = list_incidents(db, tenant.tenant_id, wanted, describes=True).rows

    assert {row.description for row in hidden} == {None}
    assert told[0].description == "Number 6"
    assert told[0].participants[0].actions == "detention"
    assert {role for role in Role if may_read_descriptions(role)} == {
        Role.COUNSELOR,
        Role.PRINCIPAL,
        Role.DISTRICT_ADMIN,
    }


def test_without_incidents_all_is_nought(db: Session, tenant: Tenant) -> None:
    counts = count_incidents(db, tenant.tenant_id, YEAR)

    assert (counts.total.incidents, counts.total.per_100) == (0, None)
    assert list_incidents(db, tenant.tenant_id, YEAR).rows == []
