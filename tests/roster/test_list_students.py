"""Students are found by words of their names, whatever the alphabet and the case."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.roster.service import list_students
from rollbook.testing import factories as make


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Ada Byron", "BYRON ada"),
        (
            "\u0391\u039b\u0395\u039e\u0397\u03a3 Byron",
            "\u03b1\u03bb\u03b5\u03be\u03b7\u03c2",
        ),
        ("\u0130pek Byron", "\u0130PEK"),
        ("Y\u0131lmaz Byron", "YILMAZ"),
        ("\u00c5sa Byron", "\u00e5sa"),
    ],
)
def test_a_name_is_found_in_any_case(db: Session, tenant: Tenant, name: str, wanted: str) -> None:
    student = make.create_student(db, name=name)
    make.create_student(db, name="Eve Moneypenny")

    page = list_students(db, tenant.tenant_id, today=date(2025, 11, 3), q=wanted)

    assert [line.student_id for line in page.rows] == [student.student_id]
