"""The mark that work makes: SQL agrees with doing it by hand, and recording it is a set, with versions."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import Section
from rollbook.grades.course_grades import SectionNotFound, SessionNotFound, record_course_grades, work_grades
from rollbook.grades.models import CourseGrade
from rollbook.grades.scales import add_standard_scale
from rollbook.roster.models import Student
from rollbook.testing import factories as make

TERM_ENDS = make.TERM_ENDS


@dataclass(frozen=True)
class Piece:
    """A piece of work and what became of it."""

    category: int | None
    weight: int | None
    most: int
    value: int | None
    is_missing: bool
    is_exempt: bool

    @property
    def counts(self) -> bool:
        return not self.is_exempt and (self.is_missing or self.value is not None)

    @property
    def share(self) -> Decimal:
        return Decimal(0) if self.is_missing else Decimal(self.value or 0) / self.most


PIECES = st.builds(
    Piece,
    category=st.sampled_from([None, 0, 1, 2]),
    weight=st.sampled_from([None, None, 0, 5, 20]),
    most=st.sampled_from([10, 40, 100]),
    value=st.one_of(st.none(), st.integers(0, 10)),
    is_missing=st.sampled_from([False, False, True]),
    is_exempt=st.sampled_from([False, False, True]),
)
# The third has no weight: its work counts as work without a category.
WEIGHTS = st.tuples(st.sampled_from([0, 30, 60, 100]), st.sampled_from([10, 40]), st.none())


def by_hand(pieces: list[Piece], weights: tuple[int | None, ...]) -> Decimal | None:
    """Reckon the mark from the rules as a teacher would say them."""
    groups: dict[int | None, list[Piece]] = {}
    for piece in pieces:
        weighted = piece.category is not None and weights[piece.category] is not None
        groups.setdefault(piece.category if weighted else None, []).append(piece)
    used = {group: Decimal(weights[group] or 0) for group in groups if group is not None}
    total = parts = Decimal(0)
    for group, work in groups.items():
        said = [Decimal(piece.weight) for piece in work if piece.weight is not None]
        usual = sum(said, Decimal(0)) / len(said) if said else Decimal(1)
        counted = [(usual if p.weight is None else Decimal(p.weight), p.share) for p in work if p.counts]
        most = sum((weight for weight, _ in counted), Decimal(0))
        if not most:
            continue
        share = sum((weight * share for weight, share in counted), Decimal(0)) / most
        weight = max(Decimal(0), 100 - sum(used.values(), Decimal(0))) if group is None else used[group]
        total, parts = total + weight * share, parts + weight
    return (100 * total / parts).quantize(Decimal("0.001"), ROUND_HALF_UP) if parts else None


def hand_in(db: Session, pieces: list[Piece], weights: tuple[int | None, ...]) -> tuple[Student, Section]:
    student, section = make.create_student(db), make.create_section(db)
    make.enroll_in_course(db, student, section)
    categories = [make.create_category(db, weight_percent=weight) for weight in weights]
    for piece in pieces:
        category = None if piece.category is None else categories[piece.category].category_id
        work = make.create_assignment(
            db,
            section,
            due_on=make.TERM_STARTS,
            max_value=piece.most,
            weight_percent=piece.weight,
            category_id=category,
        )
        make.record_grade(
            db, student, work, piece.value, is_missing=piece.is_missing, is_exempt=piece.is_exempt
        )
    return student, section


@settings(max_examples=50)
@given(pieces=st.lists(PIECES, max_size=8), weights=WEIGHTS)
def test_sql_agrees_with_reckoning_by_hand(
    db: Session, tenant: Tenant, pieces: list[Piece], weights: tuple[int | None, ...]
) -> None:
    with db.begin_nested() as scratch:
        _, section = hand_in(db, pieces, weights)

        found = work_grades(db, tenant, [section.section_id], TERM_ENDS)

        expected = by_hand(pieces, weights)
        assert [grade.grade_percent for grade in found] == ([] if expected is None else [expected])
        scratch.rollback()


def test_missing_is_nothing_exempt_is_left_out_unmarked_waits(db: Session, tenant: Tenant) -> None:
    pieces = [
        Piece(None, None, 10, value, is_missing=is_missing, is_exempt=is_exempt)
        for value, is_missing, is_exempt in (
            (9, False, False),
            (None, True, False),
            (1, False, True),
            (None, False, False),
        )
    ]
    _, section = hand_in(db, pieces, ())

    (grade,) = work_grades(db, tenant, [section.section_id], TERM_ENDS)

    assert grade.grade_percent == 45


def test_only_marks_known_then_count(db: Session, tenant: Tenant) -> None:
    student, section = make.create_student(db), make.create_section(db)
    make.enroll_in_course(db, student, section)
    (mark,) = make.record_grades(db, student, section, 55)
    make.correct(db, mark, grade_value=75, known_at=make.known_on(date(2025, 10, 1)))

    on = {
        day: [g.grade_percent for g in work_grades(db, tenant, [section.section_id], day)]
        for day in (date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 1))
    }

    assert list(on.values()) == [[], [55], [75]]


def test_only_the_work_of_the_grading_period_counts(db: Session, tenant: Tenant) -> None:
    student, section = make.create_student(db), make.create_section(db)
    make.enroll_in_course(db, student, section)
    first = make.create_session(db, ends_on=date(2025, 10, 10))
    second = make.create_session(db, starts_on=date(2025, 10, 11))
    for due, value, session in (
        (date(2025, 9, 9), 50, None),
        (date(2025, 11, 4), 80, None),
        (date(2025, 11, 5), 100, first),
    ):
        session_id = session.session_id if session else None
        make.record_grade(
            db, student, make.create_assignment(db, section, due_on=due, session_id=session_id), value
        )

    percents = {
        session: work_grades(db, tenant, [section.section_id], TERM_ENDS, session_id=session)[0].grade_percent
        for session in (None, first.session_id, second.session_id)
    }

    assert list(percents.values()) == [Decimal("76.667"), 75, 80], "the third is said to be of the first"


@pytest.fixture
def graded(db: Session, tenant: Tenant) -> tuple[Section, list[UUID], UUID]:
    """Three students in a section of 1 credit: 95, 72 and 40 percent; and the term."""
    add_standard_scale(db, tenant.tenant_id)
    section = make.create_section(db, course=make.create_course(db, credits=1))
    students = [make.create_student(db) for _ in range(3)]
    for student, value in zip(students, (95, 72, 40), strict=True):
        make.enroll_in_course(db, student, section)
        make.record_grades(db, student, section, value)
    return section, [student.student_id for student in students], make.create_session(db).session_id


def recorded(db: Session) -> dict[UUID, CourseGrade]:
    found = db.scalars(select(CourseGrade).execution_options(populate_existing=True))
    return {grade.student_id: grade for grade in found}


def test_final_marks_have_letters_and_credits(
    db: Session, tenant: Tenant, graded: tuple[Section, list[UUID], UUID]
) -> None:
    section, students, term = graded

    written = record_course_grades(db, tenant, [section.section_id], term, TERM_ENDS, is_final=True)

    grades = recorded(db)
    assert written == 3
    assert [grades[s].grade_letter for s in students] == ["A", "C-", "F"]
    assert [grades[s].credits_attempted for s in students] == [1, 1, 1]
    assert [grades[s].credits_earned for s in students] == [1, 1, 0]
    assert {grade.awarded_on for grade in grades.values()} == {TERM_ENDS}


def test_a_semester_gives_its_share_of_the_credits(
    db: Session, tenant: Tenant, graded: tuple[Section, list[UUID], UUID]
) -> None:
    section, students, term = graded

    record_course_grades(
        db, tenant, [section.section_id], term, TERM_ENDS, is_final=True, credit_share=Decimal("0.5")
    )

    assert recorded(db)[students[0]].credits_earned == Decimal("0.5")


def test_recording_again_writes_only_what_differs_and_keeps_the_version(
    db: Session, tenant: Tenant, graded: tuple[Section, list[UUID], UUID]
) -> None:
    section, students, term = graded
    key = (db, tenant, [section.section_id], term)
    record_course_grades(*key, TERM_ENDS)
    assert record_course_grades(*key, TERM_ENDS + timedelta(days=1)) == 0

    db.execute(text("UPDATE grades SET grade_value = 99 WHERE student_id = :s"), {"s": students[2]})
    assert record_course_grades(*key, TERM_ENDS) == 1

    kept = db.execute(text("SELECT student_id, grade_percent FROM course_grades_history")).all()
    assert kept == [(students[2], 40)]
    assert recorded(db)[students[2]].grade_percent == 99
    assert recorded(db)[students[2]].credits_earned is None, "only a final mark has credits"


def test_what_is_not_final_replaces_nothing_final(
    db: Session, tenant: Tenant, graded: tuple[Section, list[UUID], UUID]
) -> None:
    section, _, term = graded
    record_course_grades(db, tenant, [section.section_id], term, TERM_ENDS, is_final=True)

    assert record_course_grades(db, tenant, [section.section_id], term, TERM_ENDS) == 0
    assert all(grade.is_final for grade in recorded(db).values())


def test_unknown_sections_and_sessions_are_refused(
    db: Session, tenant: Tenant, graded: tuple[Section, list[UUID], UUID]
) -> None:
    section, _, term = graded

    with pytest.raises(SectionNotFound):
        record_course_grades(db, tenant, [section.section_id, uuid4()], term, TERM_ENDS)
    with pytest.raises(SessionNotFound):
        record_course_grades(db, tenant, [section.section_id], uuid4(), TERM_ENDS)
    assert recorded(db) == {}
