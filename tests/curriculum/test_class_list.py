"""The class list: who is in a section on a day, as of an instant, of those in sight."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.sections import class_list
from rollbook.testing import factories as make
from rollbook.testing.rows import correct, known_on

FIRST = date(2025, 9, 1)


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


def test_the_class_is_by_name_and_of_the_day(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    for name, enrolled, withdrawn in (
        ("Zoe Adams", 0, None),
        ("Ada Byron", 5, None),
        ("Ben Abara", 0, 9),
    ):
        until = None if withdrawn is None else day(withdrawn)
        make.enroll_in_course(
            db, make.create_student(db, name=name), section, enrolled_on=day(enrolled), withdrawn_on=until
        )

    def names(on_day: date) -> list[str]:
        return [mate.name for mate in class_list(db, tenant.tenant_id, section.section_id, on_day).rows]

    assert names(day(0)) == ["Ben Abara", "Zoe Adams"]
    assert names(day(8)) == ["Ben Abara", "Zoe Adams", "Ada Byron"]
    assert names(day(9)) == ["Zoe Adams", "Ada Byron"]


def test_only_those_in_sight_are_listed(db: Session, tenant: Tenant) -> None:
    section, mine = make.create_section(db), make.create_student(db, name="Ada Byron")
    for student in (mine, make.create_student(db)):
        make.enroll_in_course(db, student, section)
    look_through(db, Visibility(tenant.tenant_id, [mine.student_id]))

    assert [m.name for m in class_list(db, tenant.tenant_id, section.section_id, day(1)).rows] == [
        "Ada Byron"
    ]


def test_a_large_class_comes_page_by_page(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    make.batch_course_enrollments(db, make.batch_students(db, 7), section)
    key = (db, tenant.tenant_id, section.section_id, day(1))
    first = class_list(*key, page_size=3)
    second = class_list(*key, after=first.next_cursor, page_size=3)
    third = class_list(*key, after=second.next_cursor, page_size=3)

    everyone = [mate.name for page in (first, second, third) for mate in page.rows]
    assert everyone == [mate.name for mate in class_list(*key).rows]
    assert (third.first, third.last, third.total, third.next_cursor) == (7, 7, 7, None)
    assert class_list(*key, after=third.previous_cursor, page_size=3).rows == second.rows


corrections = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=4)


@settings(max_examples=40, deadline=None)
@given(said=corrections, asked=st.integers(0, 9), known=st.integers(0, 10))
def test_as_of_an_instant_the_last_word_before_it_counts(
    db: Session, tenant: Tenant, said: list[tuple[int, int | None]], asked: int, known: int
) -> None:
    """``said``: on which day, in order, which withdrawal was noted."""
    with db.begin_nested() as scratch:
        section, student = make.create_section(db), make.create_student(db)
        enrollment = make.enroll_in_course(db, student, section, enrolled_on=day(0))
        noted = [(0, None), *sorted(said, key=lambda item: item[0])]
        for on, withdrawn in noted[1:]:
            until = None if withdrawn is None else day(withdrawn)
            correct(db, enrollment, withdrawn_on=until, known_at=known_on(day(on)))

        listed = class_list(
            db, tenant.tenant_id, section.section_id, day(asked), known_until=known_on(day(known))
        ).rows

        before = [withdrawn for on, withdrawn in noted if on < known]
        assert bool(listed) == (bool(before) and (before[-1] is None or before[-1] > asked))
        assert len(listed) <= 1
        scratch.rollback()
