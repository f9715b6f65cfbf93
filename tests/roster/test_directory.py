"""Directory information: what is handed out, and of whom nothing is."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.encryption import open_row
from rollbook.core.schema import Base
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.directory import DIRECTORY_COLUMNS, directory, set_directory_opt_out, undisclosed
from rollbook.roster.models import Student
from rollbook.roster.profiles import profile_of
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

DAY = date(2025, 11, 3)


def test_who_opts_out_leaves_the_directory_and_may_return(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db, name="Oak High School")
    ada = make.create_student(db, name="Ada Byron", school=oak, email="ada@oak.example")
    make.create_student(db, name="Ben Abara", school=oak)
    make.create_student(db, name="Out Ofschool")

    assert [(e.first_name, e.email) for e in directory(db, tenant.tenant_id, DAY)] == [
        ("Ben", None),
        ("Ada", "ada@oak.example"),
    ]
    assert set_directory_opt_out(db, tenant.tenant_id, ada.student_id, opts_out=True) is True
    assert [e.first_name for e in directory(db, tenant.tenant_id, DAY)] == ["Ben"]
    assert profile_of(db, tenant.tenant_id, ada.student_id).contact.is_directory_opt_out
    assert set_directory_opt_out(db, tenant.tenant_id, ada.student_id, opts_out=True) is False
    assert set_directory_opt_out(db, tenant.tenant_id, ada.student_id, opts_out=False) is True
    assert len(directory(db, tenant.tenant_id, DAY)) == 2


def test_an_export_says_nothing_directory_like_of_who_opted_out(db: Session, tenant: Tenant) -> None:
    make.create_student(db, name="Ada Byron", number="1", is_directory_opt_out=True, phone="555-0100")
    make.create_student(db, name="Ben Abara", number="2", phone="555-0101")
    columns = [getattr(Student, name) for name in DIRECTORY_COLUMNS["students"]]

    chosen = select(Student.student_id, *map(undisclosed, columns)).order_by(Student.student_number)
    hidden, shown = (
        open_row(tenant.tenant_id, "students", row["student_id"], dict(row))
        for row in db.execute(chosen).mappings()
    )

    assert {name for name, value in hidden.items() if value is not None} == {"student_id"}
    assert (shown["first_name"], shown["phone"]) == ("Ben", "555-0101")
    assert tenant.tenant_id


@pytest.mark.parametrize("table", DIRECTORY_COLUMNS)
def test_every_column_of_the_definition_is_there(table: str) -> None:
    assert set(DIRECTORY_COLUMNS[table]) <= set(Base.metadata.tables[table].columns.keys())


def test_a_new_column_of_a_student_is_judged() -> None:
    """Whoever adds a column to students says here whether it is directory information."""
    judged_not = {
        "tenant_id",
        "student_id",
        "student_number",
        "gender",
        "race_ethnicity",
        "is_english_learner",
        "is_special_education",
        "economic_status",
        "languages",
        "is_directory_opt_out",
        "metadata",
        "known_at",
        "import_id",
        "created_at",
    }
    assert {column.name for column in Student.__table__.columns} == judged_not | set(
        DIRECTORY_COLUMNS["students"]
    )


def test_only_who_is_in_sight_opts_out(db: Session, tenant: Tenant) -> None:
    hidden, seen = make.create_student(db), make.create_student(db)
    db.expunge_all()
    look_through(db, Visibility(tenant.tenant_id, [seen.student_id]))

    with pytest.raises(StudentNotFound):
        set_directory_opt_out(db, tenant.tenant_id, hidden.student_id, opts_out=True)
    assert set_directory_opt_out(db, tenant.tenant_id, seen.student_id, opts_out=True)
