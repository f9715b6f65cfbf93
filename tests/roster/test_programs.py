"""A student begins and ends programmes; two of a kind never run at once."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster import programs
from rollbook.roster.models_families import ProgramType
from rollbook.roster.profiles import programs_of
from rollbook.roster.programs import begin_program, end_program
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

SEPTEMBER, NOVEMBER = date(2025, 9, 1), date(2025, 11, 3)
IEP = ProgramType.IEP


def test_a_programme_begins_and_ends_and_may_begin_again(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    who = (db, tenant.tenant_id, student.student_id)
    begun = begin_program(*who, IEP, begins_on=SEPTEMBER)
    known_at = begun.known_at

    ended = end_program(*who, IEP, ends_on=NOVEMBER)
    begin_program(*who, IEP, begins_on=NOVEMBER)

    assert [(p.begins_on, p.ends_on) for p in programs_of(*who)] == [(NOVEMBER, None), (SEPTEMBER, NOVEMBER)]
    assert ended.known_at > known_at
    (then,) = programs_of(*who, known_until=ended.known_at)[-1:]
    assert then.ends_on is None, "as known before it was ended"


@pytest.mark.parametrize("begins_on", [SEPTEMBER, date(2025, 8, 1), NOVEMBER])
def test_two_of_a_kind_never_run_at_once(db: Session, tenant: Tenant, begins_on: date) -> None:
    who = (db, tenant.tenant_id, make.create_student(db).student_id)
    begin_program(*who, IEP, begins_on=SEPTEMBER)

    with pytest.raises(programs.ProgramOverlaps):
        begin_program(*who, IEP, begins_on=begins_on)
    begin_program(*who, ProgramType.GIFTED, begins_on=begins_on)
    begin_program(*who, IEP, begins_on=date(2025, 5, 1), ends_on=date(2025, 6, 1))
    assert len(programs_of(*who)) == 3


def test_a_programme_does_not_end_before_it_begins_nor_if_it_never_began(db: Session, tenant: Tenant) -> None:
    who = (db, tenant.tenant_id, make.create_student(db).student_id)
    begin_program(*who, IEP, begins_on=NOVEMBER)

    with pytest.raises(programs.ProgramEndsEarly):
        end_program(*who, IEP, ends_on=SEPTEMBER)
    with pytest.raises(programs.ProgramEndsEarly):
        begin_program(*who, ProgramType.GIFTED, begins_on=NOVEMBER, ends_on=SEPTEMBER)
    with pytest.raises(programs.ProgramNotOpen):
        end_program(*who, ProgramType.TITLE_I, ends_on=NOVEMBER)


def test_meals_are_named_only_to_whom_they_concern(db: Session, tenant: Tenant) -> None:
    who = (db, tenant.tenant_id, make.create_student(db).student_id)
    begin_program(*who, ProgramType.FREE_LUNCH, begins_on=SEPTEMBER)
    begin_program(*who, ProgramType.SECTION_504, begins_on=SEPTEMBER)

    assert [p.program_type for p in programs_of(*who)] == ["504"]
    assert [p.program_type for p in programs_of(*who, with_meals=True)] == ["504", "free_lunch"]


def test_of_who_is_out_of_sight_nothing_is_said(db: Session, tenant: Tenant) -> None:
    hidden, other = make.create_student(db), make.create_student(db)
    begin_program(db, tenant.tenant_id, hidden.student_id, IEP, begins_on=SEPTEMBER)
    db.expunge_all()
    look_through(db, Visibility(tenant.tenant_id, [other.student_id]))

    assert programs_of(db, tenant.tenant_id, hidden.student_id) == []
    with pytest.raises(StudentNotFound):
        begin_program(db, tenant.tenant_id, hidden.student_id, ProgramType.GIFTED, begins_on=SEPTEMBER)
    with pytest.raises(programs.ProgramNotOpen):
        end_program(db, tenant.tenant_id, hidden.student_id, IEP, ends_on=NOVEMBER)
    begin_program(db, tenant.tenant_id, other.student_id, IEP, begins_on=SEPTEMBER)
