"""A repeated course: which tries count, by figures reckoned by hand and by drawing lots."""

import random
from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import Course, CourseLevel
from rollbook.grades.gpa import Gpa, list_gpa, transcript_of
from rollbook.grades.models import RepeatPolicy
from rollbook.grades.repeats import repeat_policy_of, set_repeat_policy
from rollbook.grades.scales import STANDARD, add_standard_scale
from rollbook.roster.models import Student
from rollbook.testing import factories as make

TODAY = date(2026, 1, 1)
_numbers = count(1)
BEST, LATEST, ALL = RepeatPolicy.BEST, RepeatPolicy.LATEST, RepeatPolicy.ALL


@pytest.fixture
def ada(db: Session, tenant: Tenant) -> Student:
    add_standard_scale(db, tenant.tenant_id)
    return make.create_student(db)


def take(db: Session, student: Student, course: Course, mark: str) -> None:
    """Give a final mark for a section, such as "2024 F" or "2024 B 0.5"; an F, a W or none earns nothing."""
    year, letter, credit = (*mark.split(), "1")[:3]
    starts, ends = date(int(year) - 1, 9, 1), date(int(year), 6, 5)
    code = f"S{next(_numbers)}"
    section = make.create_section(db, course=course, code=code, starts_on=starts, ends_on=ends)
    make.record_course_grade(
        db,
        student,
        section,
        make.create_session(db, starts_on=starts, ends_on=ends),
        None if letter == "-" else letter,
        grade_percent=55 if letter == "-" else None,
        credits_attempted=Decimal(credit),
        credits_earned=Decimal(0) if letter in "FW-" else Decimal(credit),
    )


def totals(db: Session, tenant: Tenant, policy: RepeatPolicy) -> tuple[float, float, float]:
    """Return GPA, credits attempted and earned, by both the list and the transcript."""
    set_repeat_policy(db, tenant.tenant_id, policy)
    (row,) = list_gpa(db, tenant, TODAY).rows
    assert transcript_of(db, tenant, row.student_id, TODAY).totals == row.totals
    found: Gpa = row.totals
    assert found.gpa is not None
    return float(found.gpa), float(found.credits_attempted), float(found.credits_earned)


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        # Beside a B in another course: (3 + x) / 2, or (3 + x + y) / 3.
        (("FC", BEST), (2.5, 2, 2)),
        (("FC", LATEST), (2.5, 2, 2)),
        (("FC", ALL), (1.667, 3, 2)),
        (("AC", BEST), (3.5, 2, 2)),
        (("AC", LATEST), (2.5, 2, 2)),
        (("AC", ALL), (3.0, 3, 3)),
        (("CF", BEST), (2.5, 2, 2)),
        (("CF", LATEST), (1.5, 2, 2)),  # the credit once earned stays
        (("FFD", BEST), (2.0, 2, 2)),
        (("FFD", ALL), (1.0, 4, 2)),
    ],
)
def test_of_a_repeated_course_counts_what_the_rule_says(
    db: Session, tenant: Tenant, ada: Student, tries: tuple[str, RepeatPolicy], expected: tuple[float, ...]
) -> None:
    take(db, ada, make.create_course(db, credits=1), "2024 B")
    again = make.create_course(db, credits=1)
    for year, letter in enumerate(tries[0], start=2023):
        take(db, ada, again, f"{year} {letter}")

    assert totals(db, tenant, tries[1]) == expected


def test_unless_said_otherwise_the_best_try_counts(db: Session, tenant: Tenant) -> None:
    assert repeat_policy_of(db, tenant.tenant_id) is BEST


@pytest.mark.parametrize("credit", [None, Decimal("0.5"), 1])
def test_two_semesters_of_a_course_are_its_parts_and_both_count(
    db: Session, tenant: Tenant, ada: Student, credit: Decimal | int | None
) -> None:
    course = make.create_course(db, credits=credit)
    for letter in "AC":
        take(db, ada, course, f"2025 {letter} 0.5")

    assert totals(db, tenant, BEST) == (3, 1, 1), "whatever the catalogue says of its credits"


def test_a_semester_made_up_takes_the_place_of_the_failed_one_only(
    db: Session, tenant: Tenant, ada: Student
) -> None:
    course = make.create_course(db, credits=1)
    for mark in ("2024 F 0.5", "2024 B 0.5", "2025 C 0.5"):
        take(db, ada, course, mark)

    assert totals(db, tenant, BEST) == (2.5, 1, 1)
    assert totals(db, tenant, LATEST) == (2.5, 1, 1)
    assert totals(db, tenant, ALL) == (1.667, 1.5, 1)


def test_a_course_that_may_be_completed_again_counts_each_time(
    db: Session, tenant: Tenant, ada: Student
) -> None:
    band = make.create_course(db, credits=1, max_completions_for_credit=2)
    for mark in ("2023 A", "2024 B"):
        take(db, ada, band, mark)
    assert totals(db, tenant, BEST) == (3.5, 2, 2)

    take(db, ada, band, "2025 C")
    assert totals(db, tenant, BEST) == (3.5, 2, 2), "a third time is one too many"


def test_withdrawing_does_not_make_good_a_fail(db: Session, tenant: Tenant, ada: Student) -> None:
    course = make.create_course(db, credits=1)
    take(db, ada, course, "2024 F")
    take(db, ada, course, "2025 W")
    take(db, ada, make.create_course(db, credits=1), "2025 A")

    assert totals(db, tenant, BEST) == (2, 2, 1)


def test_the_transcript_shows_every_try_and_which_counts(db: Session, tenant: Tenant, ada: Student) -> None:
    course = make.create_course(db, credits=1)
    for mark in ("2024 F", "2025 B"):
        take(db, ada, course, mark)

    found = transcript_of(db, tenant, ada.student_id, TODAY)

    passed, failed = found.years
    assert [year.lines[0].grade_letter for year in found.years] == ["B", "F"]
    assert passed.totals.gpa == 3
    assert failed.totals.gpa is None, "it counts in no average, and stays to be read"
    assert passed.lines[0].is_counted
    assert not failed.lines[0].is_counted


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("policy", RepeatPolicy)
def test_the_list_and_the_transcript_agree(
    db: Session, tenant: Tenant, ada: Student, policy: RepeatPolicy, seed: int
) -> None:
    draw = random.Random(seed)
    set_repeat_policy(db, tenant.tenant_id, policy)
    letters = [*(step.grade_letter for step in STANDARD.steps), "P", "-"]
    courses = [
        make.create_course(
            db,
            credits=draw.choice([None, Decimal("0.5"), 1]),
            level=draw.choice(list(CourseLevel)),
            max_completions_for_credit=draw.choice([None, None, 2]),
        )
        for _ in range(4)
    ]
    for student in (ada, *(make.create_student(db) for _ in range(7))):
        for _ in range(8):
            year, credit = draw.randrange(2022, 2026), draw.choice(["0.5", "1", "1", "0"])
            take(db, student, draw.choice(courses), f"{year} {draw.choice(letters)} {credit}")

    rows = list_gpa(db, tenant, TODAY).rows

    assert len(rows) == 8
    for row in rows:
        assert transcript_of(db, tenant, row.student_id, TODAY).totals == row.totals
