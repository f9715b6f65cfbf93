"""The card says who a student is, and asks for nothing of them that it does not say."""

import re
from datetime import date

import pytest
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.roster.service import StudentCard, find_student
from rollbook.testing import factories as make


def test_the_card_says_who_and_where(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db, name="Oak High School")
    counselor = make.create_staff(db, name="Cora Lane", school=oak)
    student = make.create_student(
        db, name="Ada Byron", number="7", school=oak, counselor=counselor, grade_level=9
    )

    card = find_student(db, tenant.tenant_id, student.student_id, date(2025, 11, 3))

    assert card == StudentCard(student.student_id, "7", "Ada Byron", 9, "Oak High School", "Cora Lane")


@pytest.mark.parametrize("query", named_sql("rollbook.roster"))
def test_no_page_asks_for_what_it_does_not_show(query: str) -> None:
    text = named_sql("rollbook.roster")[query].text

    assert not re.search(r"birth|gender|economic|english_learner|special_education", text)
