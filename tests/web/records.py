"""What Oak High School keeps besides scores: its year, a course with lesson plans, a student's family."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.curriculum.lessons import LessonPlanDraft, PeDraft, create_lesson_plan
from rollbook.curriculum.models import CoursePrerequisite, Section, SectionRole, SectionSession
from rollbook.curriculum.models_lessons import CourseStandard, LearningStandard
from rollbook.roster.guardians import Person, Tie, add_guardian
from rollbook.roster.models import School, Staff, StaffRole, Student
from rollbook.roster.models_calendar import AcademicSession, SchoolCalendarDay, SessionType
from rollbook.roster.models_families import ProgramType
from rollbook.roster.programs import begin_program
from rollbook.testing import factories as make
from rollbook.testing.rows import TERM_ENDS, TERM_STARTS, add, add_all, school_days

PLANS = 53


def keep_records(db: Session, school: School, section: Section, student: Student, teacher: Staff) -> UUID:
    """Write the records; return the id of a lesson plan that says all that one can say."""
    _year(db, school, section)
    _people(db, school, section)
    _family(db, student)
    return _lessons(db, section, teacher)


def _year(db: Session, school: School, section: Section) -> None:
    year = _session(db, "2026", SessionType.SCHOOL_YEAR, (TERM_STARTS, TERM_ENDS))
    fall = _session(db, "2026-S1", SessionType.SEMESTER, (TERM_STARTS, TERM_ENDS), year)
    add(db, SectionSession(section_id=section.section_id, session_id=fall.session_id))
    days = school_days(TERM_STARTS, 80)
    holidays = {date(2025, 11, 27), date(2025, 11, 28)}
    rows = [
        SchoolCalendarDay(
            school_id=school.school_id, date=day, is_instructional=day not in holidays, term_code="S1"
        )
        for day in days
    ]
    add_all(db, rows)


def _session(
    db: Session, code: str, kind: SessionType, days: tuple[date, date], parent: AcademicSession | None = None
) -> AcademicSession:
    session = AcademicSession(
        session_code=code,
        title=f"{'School year' if parent is None else 'Fall semester'} {code[:4]}",
        session_type=kind,
        starts_on=days[0],
        ends_on=days[1],
        school_year=2026,
        parent_session_id=parent.session_id if parent else None,
    )
    return add(db, session)


def _people(db: Session, school: School, section: Section) -> None:
    for name, role in (("Vera Vice", StaffRole.PRINCIPAL), ("Carl Coach", StaffRole.TEACHER)):
        staff = make.create_staff(db, name=name)
        make.assign_to_school(db, staff, school, role)
    make.assign_to_section(db, staff, section, role=SectionRole.AIDE, begins_on=date(2025, 10, 1))


def _family(db: Session, student: Student) -> None:
    key = (db, student.tenant_id, student.student_id)
    person = Person("G1", "Rosa", "Abara", phone="555-0100", preferred_language="es")
    add_guardian(*key, person, Tie("mother", 1, lives_with=True))
    add_guardian(*key, Person("G2", "Omar", "Abara"), Tie("father", 2, may_see_records=False))
    begin_program(*key, ProgramType.SECTION_504, begins_on=TERM_STARTS)
    begin_program(*key, ProgramType.FREE_LUNCH, begins_on=TERM_STARTS)


def _lessons(db: Session, section: Section, teacher: Staff) -> UUID:
    arithmetic = make.create_course(db, code="ARITH", title="Arithmetic")
    counting = make.create_course(db, code="COUNT", title="Counting")
    for course, asked in ((section.course_id, arithmetic), (arithmetic.course_id, counting)):
        add(db, CoursePrerequisite(course_id=course, prerequisite_course_id=asked.course_id))
    standard = add(db, LearningStandard(standard_code="A-REI.3", description="Solve linear equations."))
    add(db, CourseStandard(course_id=section.course_id, standard_id=standard.standard_id))
    for n, day in enumerate(school_days(TERM_STARTS, PLANS)):
        draft = LessonPlanDraft(f"L{n:02}", section.course_id, f"Lesson {n}", planned_on=day)
        create_lesson_plan(db, section.tenant_id, draft)
    full = LessonPlanDraft(
        "PE1",
        section.course_id,
        "Slopes on foot",
        section_id=section.section_id,
        staff_id=teacher.staff_id,
        planned_on=date(2025, 9, 3),
        duration_minutes=45,
        objectives="See a slope, then walk it.",
        content={"steps": ["Draw it.", "Walk it."], "assessment": {"exit_ticket": "One slope"}},
        standard_codes=["A-REI.3"],
        pe=PeDraft("Jog", "Ramps", "Stretch", ["cones", "rope"], "Mind the ramp", "Roll the ramp"),
    )
    return create_lesson_plan(db, section.tenant_id, full)
