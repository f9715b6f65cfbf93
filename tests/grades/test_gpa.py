"""GPA and credits as of a date: SQL agrees with reckoning by hand; what was final and known then counts."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from rollbook.core.paging import CursorInvalid
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.models import CourseLevel
from rollbook.grades.gpa import Gpa, GpaFilter, list_gpa, transcript_of
from rollbook.grades.scales import (
    STANDARD,
    Bonuses,
    NoDefaultScale,
    Scale,
    Step,
    add_standard_scale,
    define_scale,
)
from rollbook.testing import factories as make

STARTS = date(2025, 9, 1)
DAYS = [STARTS + timedelta(days=30 * n) for n in range(8)]
POINTS = {step.grade_letter: step.grade_points for step in STANDARD.steps}
BONUS = {"honors": Decimal("0.5"), "advanced_placement": Decimal(1), "dual_credit": Decimal(1)}


@dataclass(frozen=True)
class Version:
    """A course grade as it was known from a day on, until the next of the same course."""

    student: UUID
    course: int
    known_on: date
    awarded_on: date
    letter: str | None
    percent: int | None
    is_final: bool
    attempted: Decimal | None
    earned: Decimal | None


def draw_district(db: Session, seed: int) -> tuple[list[Version], dict[int, tuple[str, Decimal | None]]]:
    """Write course grades and corrections; return all versions, and each course's level and credits."""
    draw = random.Random(seed)
    term = make.create_session(db)
    courses, sections = {}, {}
    for n in range(6):
        level, credit = draw.choice(list(CourseLevel)), draw.choice([None, Decimal("0.5"), Decimal(1)])
        courses[n] = (level.value, credit)
        course = make.create_course(db, level=level, credits=credit)
        sections[n] = make.create_section(db, course=course)
    versions = []
    for student in [make.create_student(db) for _ in range(12)]:
        for n in draw.sample(range(6), draw.randrange(5)):
            known = draw.choice(DAYS[:5])
            version = draw_version(draw, student.student_id, n, known)
            row = make.record_course_grade(db, student, sections[n], term, **facts(version))
            versions.append(version)
            if draw.random() < 0.5:
                version = draw_version(draw, student.student_id, n, known + timedelta(days=45))
                make.correct(db, row, **facts(version))
                versions.append(version)
    return versions, courses


def draw_version(draw: random.Random, student: UUID, course: int, known: date) -> Version:
    by_percent = draw.random() < 0.3
    attempted = draw.choice([None, Decimal(1), Decimal(2)])
    return Version(
        student,
        course,
        known,
        known + timedelta(days=draw.choice([0, 0, 10])),
        None if by_percent else draw.choice([*POINTS, "P"]),
        draw.randrange(40, 101) if by_percent else None,
        draw.random() < 0.8,
        attempted,
        draw.choice([Decimal(0), attempted]) if attempted else None,
    )


def facts(version: Version) -> dict[str, Any]:
    return {
        "grade_letter": version.letter,
        "grade_percent": version.percent,
        "is_final": version.is_final,
        "credits_attempted": version.attempted,
        "credits_earned": version.earned,
        "awarded_on": version.awarded_on,
        "known_at": make.known_on(version.known_on),
    }


def points_of(version: Version) -> Decimal | None:
    if version.letter is not None:
        return POINTS.get(version.letter)
    assert version.percent is not None
    return next(step.grade_points for step in STANDARD.steps if version.percent >= (step.min_percent or 0))


def mean(points: Decimal, weight: Decimal) -> Decimal | None:
    return (points / weight).quantize(Decimal("0.001"), ROUND_HALF_UP) if weight else None


def by_hand(
    versions: list[Version], courses: dict[int, tuple[str, Decimal | None]], day: date
) -> dict[UUID, Gpa]:
    current = {(v.student, v.course): v for v in versions if v.known_on <= day}  # the later one wins
    counted = [v for v in current.values() if v.is_final and v.awarded_on <= day]
    result = {}
    for student in {v.student for v in counted}:
        points = weighted = weight = attempted = earned = Decimal(0)
        mine = [v for v in counted if v.student == student]
        for version in mine:
            level, credit = courses[version.course]
            tried = version.attempted if version.attempted is not None else credit
            attempted, earned = attempted + (tried or 0), earned + (version.earned or 0)
            if (worth := points_of(version)) is not None:
                share = Decimal(1) if tried is None else tried
                points, weight = points + worth * share, weight + share
                weighted += (worth + (BONUS.get(level, Decimal(0)) if worth else 0)) * share
        result[student] = Gpa(mean(points, weight), mean(weighted, weight), attempted, earned, len(mine))
    return result


@pytest.mark.parametrize("seed", range(6))
def test_sql_agrees_with_reckoning_by_hand_on_any_day(db: Session, tenant: Tenant, seed: int) -> None:
    add_standard_scale(db, tenant.tenant_id)
    versions, courses = draw_district(db, seed)

    for day in DAYS:
        found = {row.student_id: row.totals for row in list_gpa(db, tenant, day).rows}

        assert found == by_hand(versions, courses, day)
        for student, totals in found.items():
            assert transcript_of(db, tenant, student, day).totals == totals


def test_what_is_learned_later_changes_nothing_before(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    ada, term = make.create_student(db), make.create_session(db)
    grade = make.record_course_grade(db, ada, make.create_section(db), term, "B", awarded_on=DAYS[2])
    make.correct(db, grade, grade_letter="A", known_at=make.known_on(DAYS[4]))

    gpas = [[row.totals.gpa for row in list_gpa(db, tenant, day).rows] for day in (DAYS[1], DAYS[3], DAYS[4])]

    assert gpas == [[], [3], [4]]


def test_bonuses_are_the_scales_to_say(db: Session, tenant: Tenant) -> None:
    steps = (Step("A", Decimal(90), Decimal(4)), Step("F", Decimal(0), Decimal(0)))
    define_scale(
        db, tenant.tenant_id, Scale("ours", "Ours", True, Bonuses(Decimal("0.25"), Decimal(2)), steps)
    )
    ada, term = make.create_student(db), make.create_session(db)
    for level, letter in ((CourseLevel.HONORS, "A"), (CourseLevel.ADVANCED_PLACEMENT, "F")):
        section = make.create_section(db, course=make.create_course(db, level=level, credits=1))
        make.record_course_grade(db, ada, section, term, letter)

    (row,) = list_gpa(db, tenant, make.TERM_ENDS).rows

    assert row.totals.gpa == 2
    assert row.totals.weighted_gpa == Decimal("2.125"), "a failed course gets no bonus"


def test_without_a_default_scale_there_is_no_gpa(db: Session, tenant: Tenant) -> None:
    with pytest.raises(NoDefaultScale, match="grades scale standard"):
        list_gpa(db, tenant, STARTS)


def test_a_transcript_is_by_year_the_newest_first(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    ada = make.create_student(db)
    for year, letters in ((2024, "AB"), (2025, "CA")):
        term = make.create_session(db, starts_on=date(year, 9, 1), ends_on=date(year, 12, 19))
        for letter in letters:
            section = make.create_section(
                db,
                course=make.create_course(db, credits=1),
                starts_on=date(year, 9, 1),
                ends_on=date(year, 12, 19),
            )
            make.record_course_grade(db, ada, section, term, letter)
    running = make.create_section(db)
    make.record_course_grade(db, ada, running, term, "F", is_final=False)

    found = transcript_of(db, tenant, ada.student_id, date(2026, 1, 1))

    assert [(year.school_year, year.totals.gpa) for year in found.years] == [
        (2026, 3),
        (2025, Decimal("3.5")),
    ]
    assert (found.totals.gpa, found.totals.course_grades) == (Decimal("3.25"), 4)
    assert found.totals.credits_attempted == 4


def test_pages_follow_each_other_and_a_forged_cursor_is_refused(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    section, term = make.create_section(db), make.create_session(db)
    for n in range(5):
        student = make.create_student(db, number=f"N{n}", grade_level=9 + n % 2)
        make.record_course_grade(db, student, section, term, "B")
    make.create_student(db, number="N0a")

    first = list_gpa(db, tenant, make.TERM_ENDS, limit=3)
    second = list_gpa(db, tenant, make.TERM_ENDS, limit=3, cursor=first.next_cursor)
    ninth = list_gpa(db, tenant, make.TERM_ENDS, GpaFilter(grade_level=9))

    assert [row.student_number for row in (*first.rows, *second.rows)] == ["N0", "N1", "N2", "N3", "N4"]
    assert second.next_cursor is None
    assert [row.student_number for row in ninth.rows] == ["N0", "N2", "N4"]
    with pytest.raises(CursorInvalid):
        list_gpa(db, tenant, STARTS, cursor="x")


def test_a_school_lists_its_own_students(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    section, term = make.create_section(db), make.create_session(db)
    for code in ("OAK", "ELM"):
        student = make.create_student(db, number=code, school=make.create_school(db, code=code))
        make.record_course_grade(db, student, section, term, "B")

    found = list_gpa(db, tenant, make.TERM_ENDS, GpaFilter(school="ELM"))

    assert [row.student_number for row in found.rows] == ["ELM"]


def test_who_sees_one_student_sees_one_gpa(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    section, term = make.create_section(db), make.create_session(db)
    ada, ben = (make.create_student(db, number=number) for number in ("ADA", "BEN"))
    for student in (ada, ben):
        grade = make.record_course_grade(db, student, section, term, "B")
        make.correct(db, grade, grade_letter="A", known_at=make.known_on(DAYS[6]))

    look_through(db, Visibility(tenant.tenant_id, (ada.student_id,)))

    for day in (make.TERM_ENDS, DAYS[7]):
        assert [row.student_number for row in list_gpa(db, tenant, day).rows] == ["ADA"]
        assert transcript_of(db, tenant, ben.student_id, day).years == ()
