"""Incidents as EduPulse writes them are events with participants and actions of ours."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from exchange.compat.edupulse_models import DisciplineIncident as EduPulseIncident
from rollbook.conduct.models import DisciplineAction, DisciplineIncident, IncidentParticipant, ParticipantRole
from rollbook.testing import factories as make
from rollbook.testing.rows import add

INSERT = (
    "INSERT INTO discipline_incidents (student_id, incident_date, severity_level, incident_type, description,"
    " resolution) VALUES (%s, '2025-09-09', 3, 'fighting', 'in the yard', %s) RETURNING id"
)


@pytest.fixture
def ada(db: Session) -> UUID:
    return make.create_student(db, number="STU001").student_id


def _write(ask: Ask, student: UUID, resolution: str | None) -> UUID:
    return UUID(str(ask(INSERT, student, resolution)[0][0]))


def test_a_row_is_an_event_its_participant_and_an_action(db: Session, ask: Ask, ada: UUID) -> None:
    incident = _write(ask, ada, "detention")

    assert db.scalars(select(DisciplineIncident.incident_id)).all() == [incident]
    assert db.scalars(select(IncidentParticipant.student_id)).all() == [ada]
    assert db.scalars(select(DisciplineAction.action_type)).all() == ["detention"]
    assert ask("SELECT id, severity_level, resolution FROM discipline_incidents") == [
        (incident, 3, "detention")
    ]


@pytest.mark.parametrize(
    ("before", "after"), [(None, "call home"), ("detention", "call home"), ("detention", None)]
)
def test_a_row_is_changed(db: Session, ask: Ask, ada: UUID, before: str | None, after: str | None) -> None:
    incident = _write(ask, ada, before)

    ask("UPDATE discipline_incidents SET severity_level = 4, resolution = %s WHERE id = %s", after, incident)

    assert ask("SELECT severity_level, resolution FROM discipline_incidents") == [(4, after)]
    assert db.execute(text("SELECT severity_level FROM discipline_incidents_history")).scalars().all() == [3]


def test_a_row_is_deleted_with_its_event(db: Session, ask: Ask, ada: UUID) -> None:
    _write(ask, ada, "detention")

    ask("DELETE FROM discipline_incidents WHERE student_id = %s", ada)

    assert [db.scalars(select(kind)).all() for kind in (DisciplineIncident, IncidentParticipant)] == [[], []]


def test_each_of_two_who_fought_has_a_row_and_the_one_who_was_hit_has_none(
    db: Session, ask: Ask, ada: UUID
) -> None:
    ben, eve = (make.create_student(db).student_id for _ in range(2))
    incident = _write(ask, ada, "detention")
    for student, role in ((ben, ParticipantRole.PERPETRATOR), (eve, ParticipantRole.VICTIM)):
        add(db, IncidentParticipant(incident_id=incident, student_id=student, participant_role=role))

    rows = ask("SELECT student_id, id, resolution FROM discipline_incidents")
    assert {row[0] for row in rows} == {ada, ben}
    assert len({row[1] for row in rows}) == 2

    ask("DELETE FROM discipline_incidents WHERE student_id = %s", ada)
    assert db.scalars(select(DisciplineIncident.incident_id)).all() == [incident], "others took part in it"


def test_several_actions_are_shown_as_one_and_not_overwritten(db: Session, ask: Ask, ada: UUID) -> None:
    incident = _write(ask, ada, "detention")
    add(db, DisciplineAction(incident_id=incident, student_id=ada, action_type="suspension"))

    assert ask("SELECT resolution FROM discipline_incidents") == [("detention, suspension",)]
    with pytest.raises(DBAPIError, match="several actions"):
        ask("UPDATE discipline_incidents SET resolution = 'none'")


def test_the_first_schema_numbers_them(ask: Ask, edupulse: Session, ada: UUID) -> None:
    row = EduPulseIncident(
        student_id="STU001",
        incident_date=text("current_date"),
        incident_type="fighting",
        severity_level=3,
        action_taken="detention",
        reported_by="Ms Frizzle",
    )
    edupulse.add(row)
    edupulse.commit()
    row.severity_level, row.action_taken = 5, "suspension"
    edupulse.commit()

    edupulse.refresh(row)
    assert (row.severity_level, row.action_taken, row.reported_by) == (5, "suspension", "Ms Frizzle")
    assert ask("SELECT student_id, resolution FROM discipline_incidents") == [(ada, "suspension")]
    edupulse.delete(row)
    edupulse.commit()
    assert ask("SELECT count(*) FROM discipline_incidents", path="public") == [(0,)]
