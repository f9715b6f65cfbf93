"""A family asks to amend a record; a refused request keeps their statement, shown with the record."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.output import as_json
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.privacy.amending import (
    AmendmentDecided,
    AmendmentNotFound,
    NotRefused,
    PartUnknown,
    WordsMissing,
    amendments_of,
    attach_statement,
    decide,
    hold_hearing,
    request_amendment,
)
from rollbook.privacy.models import AmendmentRequest
from rollbook.privacy.record import Handing, complete_record
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

HANDING = Handing("the mother", "she asked", "34 CFR 99.10", is_to_family=True)


@pytest.fixture
def ada(db: Session) -> Student:
    return make.create_student(db, "PPU", name="Ada Byron", number="S1")


@pytest.fixture
def asked(db: Session, tenant: Tenant, ada: Student) -> AmendmentRequest:
    return request_amendment(
        db,
        tenant.tenant_id,
        ada.student_id,
        about="attendance_records",
        asked="3 September was excused",
        asked_by="Anne Byron, mother",
    )


def test_a_refused_request_keeps_the_statement_and_the_record_shows_it(
    db: Session, tenant: Tenant, ada: Student, asked: AmendmentRequest
) -> None:
    decide(db, tenant.tenant_id, asked.amendment_id, is_granted=False, reason="no note was sent")
    attach_statement(db, tenant.tenant_id, asked.amendment_id, "The note was given to the office.")
    told = complete_record(db, tenant, ada.student_id, HANDING)
    (request,) = told.sections["amendment_requests"].rows

    assert (request["state"], request["decision"]) == ("refused", "no note was sent")
    assert "The note was given to the office." in as_json(told)
    assert [one.amendment_id for one in amendments_of(db, tenant.tenant_id, ada.student_id)] == [
        asked.amendment_id
    ]


def test_a_hearing_opens_a_refused_request_again(
    db: Session, tenant: Tenant, asked: AmendmentRequest
) -> None:
    key = (db, tenant.tenant_id, asked.amendment_id)
    decide(*key, is_granted=False, reason="no note was sent")
    heard = hold_hearing(*key, date(2026, 5, 4))
    assert (heard.state, heard.decided_at) == ("heard", None)

    assert decide(*key, is_granted=True, reason="the note was found").state == "granted"
    with pytest.raises(AmendmentDecided):
        hold_hearing(*key, date(2026, 6, 4))


def test_what_is_decided_is_not_decided_again(db: Session, tenant: Tenant, asked: AmendmentRequest) -> None:
    key = (db, tenant.tenant_id, asked.amendment_id)
    decide(*key, is_granted=True, reason="it was wrong")

    with pytest.raises(AmendmentDecided):
        decide(*key, is_granted=False, reason="it was right")
    with pytest.raises(NotRefused):
        attach_statement(*key, "still")


def test_it_is_said_in_words_about_a_part_that_there_is(
    db: Session, tenant: Tenant, ada: Student, asked: AmendmentRequest
) -> None:
    said = {"about": "grades", "asked": "x", "asked_by": "y"}
    for fault, changed in ((PartUnknown, {"about": "shoes"}), (WordsMissing, {"asked": " "})):
        with pytest.raises(fault):
            request_amendment(db, tenant.tenant_id, ada.student_id, **(said | changed))
    with pytest.raises(StudentNotFound):
        request_amendment(db, tenant.tenant_id, UUID(int=7), **said)
    with pytest.raises(WordsMissing):
        decide(db, tenant.tenant_id, asked.amendment_id, is_granted=False, reason="")


def test_the_database_itself_wants_a_reason(db: Session, asked: AmendmentRequest) -> None:
    asked.state = "refused"

    with pytest.raises(IntegrityError, match="decided_with_reason"):
        db.flush()


def test_who_may_not_see_the_student_does_not_see_the_request(
    db: Session, tenant: Tenant, asked: AmendmentRequest
) -> None:
    db.expunge_all()
    look_through(db, Visibility(tenant.tenant_id, (UUID(int=7),)))

    with pytest.raises(AmendmentNotFound):
        decide(db, tenant.tenant_id, asked.amendment_id, is_granted=True, reason="x")
