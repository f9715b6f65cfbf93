"""Recording what happened: the event, who took part, what was done; wrong input leaves nothing behind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.conduct.models import ParticipantRole
from rollbook.conduct.recording import (
    ActionTaken,
    Incident,
    IncidentInvalid,
    IncidentNotFound,
    IncidentNumberTaken,
    NobodyTookPart,
    Participant,
    TookPartAlready,
    add_action,
    add_participant,
    record_incident,
)
from rollbook.conduct.service import Action, StudentIncident, incidents_of
from rollbook.core import clock
from rollbook.core.errors import RollbookError
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

DAY = date(2025, 10, 14)
FIGHT = Incident(DAY, "fighting", 3, location="cafeteria", description="Ada hit Ben, Cy saw it.")
SUSPENDED = Action("out-of-school suspension", DAY, DAY + timedelta(days=1), Decimal(2))


@pytest.fixture
def cast(db: Session) -> list[Student]:
    return [make.create_student(db, number=number) for number in ("ADA", "BEN", "CY")]


def parts(cast: list[Student]) -> list[Participant]:
    ada, ben, cy = (student.student_id for student in cast)
    return [
        Participant(ada, note="Hit a classmate.", actions=(SUSPENDED,)),
        Participant(ben, ParticipantRole.VICTIM, injury="bruise"),
        Participant(cy, ParticipantRole.WITNESS),
    ]


def told_of(db: Session, tenant: Tenant, student: Student) -> list[StudentIncident]:
    return incidents_of(db, tenant.tenant_id, student.student_id, date.min, date.max)


def rows_of(db: Session) -> tuple[int, ...]:
    tables = ("discipline_incidents", "incident_participants", "discipline_actions")
    return tuple(db.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables)


def test_each_is_told_their_own_part_only(db: Session, tenant: Tenant, cast: list[Student]) -> None:
    record_incident(db, tenant, FIGHT, parts(cast))

    (ada,), (ben,) = told_of(db, tenant, cast[0]), told_of(db, tenant, cast[1])
    assert (ada.participant_role, ada.note, ada.actions) == ("perpetrator", "Hit a classmate.", (SUSPENDED,))
    assert (ben.participant_role, ben.injury, ben.note, ben.actions) == ("victim", "bruise", None, ())
    assert not hasattr(ben, "description"), "it names the others"
    assert rows_of(db) == (1, 3, 1)


def test_a_teacher_records_for_their_own_students(db: Session, tenant: Tenant, cast: list[Student]) -> None:
    look_through(db, Visibility(tenant.tenant_id, (cast[0].student_id, cast[1].student_id)))

    record_incident(db, tenant, FIGHT, parts(cast)[:2])

    assert rows_of(db) == (1, 2, 1)
    with pytest.raises(StudentNotFound):
        record_incident(db, tenant, FIGHT, parts(cast))
    assert rows_of(db) == (1, 2, 1)


def test_who_sees_no_participant_sees_no_incident(db: Session, tenant: Tenant, cast: list[Student]) -> None:
    incident_id = record_incident(db, tenant, FIGHT, parts(cast)[:2])
    db.execute(text("UPDATE discipline_incidents SET severity_level = 2, known_at = now()"))
    history = text("SELECT count(*) FROM discipline_incidents_history")
    assert db.scalar(history) == 1

    look_through(db, Visibility(tenant.tenant_id, (cast[1].student_id,)))
    assert rows_of(db) == (1, 1, 0), "Ben's part, and nothing of what was done about Ada's"
    assert db.scalar(history) == 1

    look_through(db, Visibility(tenant.tenant_id, (cast[2].student_id,)))
    assert rows_of(db) == (0, 0, 0)
    assert db.scalar(history) == 0
    with pytest.raises(IncidentNotFound):
        add_participant(db, tenant.tenant_id, incident_id, Participant(cast[2].student_id))


def test_more_may_be_said_later(db: Session, tenant: Tenant, cast: list[Student]) -> None:
    ada, ben, _ = cast
    incident_id = record_incident(db, tenant, FIGHT, [Participant(ada.student_id)])

    add_participant(db, tenant.tenant_id, incident_id, Participant(ben.student_id, ParticipantRole.REPORTER))
    add_action(db, tenant.tenant_id, incident_id, ada.student_id, SUSPENDED)

    assert told_of(db, tenant, ada)[0].action_taken == "out-of-school suspension"
    with pytest.raises(TookPartAlready):
        add_participant(db, tenant.tenant_id, incident_id, Participant(ben.student_id))
    with pytest.raises(ActionTaken):
        add_action(db, tenant.tenant_id, incident_id, ada.student_id, SUSPENDED)
    with pytest.raises(IncidentNotFound):
        add_action(db, tenant.tenant_id, incident_id, cast[2].student_id, SUSPENDED)


def test_an_incident_has_a_number_of_its_own(db: Session, tenant: Tenant, cast: list[Student]) -> None:
    who = [Participant(cast[0].student_id)]
    for _ in range(2):
        record_incident(db, tenant, FIGHT, who)
    assert len({incident.incident_number for incident in told_of(db, tenant, cast[0])}) == 2

    record_incident(db, tenant, replace(FIGHT, incident_number="2026-001"), who)
    with pytest.raises(IncidentNumberTaken, match="2026-001"):
        record_incident(db, tenant, replace(FIGHT, incident_number="2026-001"), who)
    assert rows_of(db)[0] == 3


Wrong = Callable[[UUID], tuple[Incident, list[Participant]]]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda _: (FIGHT, []), NobodyTookPart),
        (lambda ada: (FIGHT, [Participant(ada), Participant(ada)]), TookPartAlready),
        (lambda _: (FIGHT, [Participant(uuid4())]), StudentNotFound),
        (lambda ada: (replace(FIGHT, severity_level=0), [Participant(ada)]), IncidentInvalid),
        (lambda ada: (replace(FIGHT, severity_level=6), [Participant(ada)]), IncidentInvalid),
        (lambda ada: (replace(FIGHT, incident_type=" "), [Participant(ada)]), IncidentInvalid),
        (lambda ada: (replace(FIGHT, school_id=uuid4()), [Participant(ada)]), IncidentInvalid),
        (lambda ada: (replace(FIGHT, reported_by_staff_id=uuid4()), [Participant(ada)]), IncidentInvalid),
        (
            lambda ada: (
                replace(FIGHT, incident_on=clock.now().date() + timedelta(days=2)),
                [Participant(ada)],
            ),
            IncidentInvalid,
        ),
    ],
)
def test_a_wrong_incident_is_refused(
    db: Session, tenant: Tenant, cast: list[Student], wrong: Wrong, error: type[RollbookError]
) -> None:
    incident, participants = wrong(cast[0].student_id)

    with pytest.raises(error):
        record_incident(db, tenant, incident, participants)
    assert rows_of(db) == (0, 0, 0)


@pytest.mark.parametrize(
    "action",
    [
        Action(" "),
        Action("detention", DAY, DAY - timedelta(days=1)),
        Action("detention", days_lost=Decimal(-1)),
        Action("detention", days_lost=Decimal(400)),
    ],
)
def test_a_wrong_action_is_refused(db: Session, tenant: Tenant, cast: list[Student], action: Action) -> None:
    incident_id = record_incident(db, tenant, FIGHT, [Participant(cast[0].student_id)])

    with pytest.raises(IncidentInvalid):
        add_action(db, tenant.tenant_id, incident_id, cast[0].student_id, action)
    assert rows_of(db) == (1, 1, 0)
