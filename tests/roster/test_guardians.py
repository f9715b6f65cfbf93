"""Who answers for a student: added, tied, untied; seen by those who see one of their students."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.guardians import (
    GuardianNotFound,
    GuardianNumberTaken,
    Person,
    Tie,
    add_guardian,
    link_guardian,
    unlink_guardian,
)
from rollbook.roster.models_families import Guardian
from rollbook.roster.profiles import profile_of
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

ROSA = Person("G1", "Rosa", "Byron", phone="555-0100", preferred_language="es")


def test_a_guardian_is_added_and_tied_to_a_sibling_too(db: Session, tenant: Tenant) -> None:
    ada, ben = make.create_student(db), make.create_student(db)

    rosa = add_guardian(db, tenant.tenant_id, ada.student_id, ROSA, Tie("mother", 2))
    second = Person("G2", "Sam", "Byron")
    add_guardian(db, tenant.tenant_id, ada.student_id, second, Tie("father", 1, may_see_records=False))
    link_guardian(db, tenant.tenant_id, ben.student_id, rosa, Tie("stepmother"))

    guardians = profile_of(db, tenant.tenant_id, ada.student_id).guardians
    assert [(g.name, g.relation, g.may_see_records) for g in guardians] == [
        ("Sam Byron", "father", False),
        ("Rosa Byron", "mother", True),
    ]
    assert [g.relation for g in profile_of(db, tenant.tenant_id, ben.student_id).guardians] == ["stepmother"]


def test_what_ties_them_changes_and_ends(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    rosa = add_guardian(db, tenant.tenant_id, student.student_id, ROSA, Tie("mother"))

    link_guardian(db, tenant.tenant_id, student.student_id, rosa, Tie("mother", may_see_records=False))
    (tied,) = profile_of(db, tenant.tenant_id, student.student_id).guardians
    assert tied.may_see_records is False

    unlink_guardian(db, tenant.tenant_id, student.student_id, rosa)
    assert profile_of(db, tenant.tenant_id, student.student_id).guardians == []
    with pytest.raises(GuardianNotFound):
        unlink_guardian(db, tenant.tenant_id, student.student_id, rosa)


def test_a_number_is_given_once(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    add_guardian(db, tenant.tenant_id, student.student_id, ROSA, Tie("mother"))

    with pytest.raises(GuardianNumberTaken):
        add_guardian(db, tenant.tenant_id, student.student_id, ROSA, Tie("aunt"))
    assert len(profile_of(db, tenant.tenant_id, student.student_id).guardians) == 1


def test_who_sees_the_student_adds_and_sees_guardians_and_others_do_not(db: Session, tenant: Tenant) -> None:
    mine, hidden = make.create_student(db), make.create_student(db)
    unseen = add_guardian(db, tenant.tenant_id, hidden.student_id, ROSA, Tie("mother"))
    db.expunge_all()
    look_through(db, Visibility(tenant.tenant_id, [mine.student_id]))

    seen = add_guardian(db, tenant.tenant_id, mine.student_id, Person("G2", "Sam", "Lane"), Tie("father"))

    assert db.scalars(select(Guardian.guardian_id)).all() == [seen]
    with pytest.raises(GuardianNotFound):
        link_guardian(db, tenant.tenant_id, mine.student_id, unseen, Tie("mother"))
    with pytest.raises(StudentNotFound):
        link_guardian(db, tenant.tenant_id, hidden.student_id, seen, Tie("father"))
    with pytest.raises(StudentNotFound):
        profile_of(db, tenant.tenant_id, hidden.student_id)
