"""The whole district, drawn from one seed: the same seed and size give the same rows to the last byte."""

import numpy as np

from rollbook.demo.absences import draw_attendance
from rollbook.demo.calendar import (
    SCHOOL_YEAR,
    TERMS,
    Array,
    instants,
    is_holiday,
    term_of,
    weekdays,
)
from rollbook.demo.courses import Curriculum, draw_curriculum
from rollbook.demo.coursework import (
    assignment_rows,
    draw_assignments,
    draw_marks,
    grade_rows,
    outcome_rows,
)
from rollbook.demo.enrollments import draw_enrollments, enrollment_rows
from rollbook.demo.facts import Columns, Correction, District, pick, texts
from rollbook.demo.ids import Ids
from rollbook.demo.incidents import draw_incidents
from rollbook.demo.people import SCHOOLS, Students, draw_lives, draw_students


def draw_district(students: int, seed: int) -> District:
    """Draw the school year of a district with ``students``, from its first day to its last."""
    rng = np.random.default_rng([seed, students])
    ids = Ids(rng)
    district = District()
    school_ids = ids.draw(len(SCHOOLS))
    people = draw_students(rng, ids, students)
    lives = draw_lives(rng, people)
    curriculum = draw_curriculum(rng, ids, people)
    district.tables |= _roster(school_ids, people, curriculum)
    district.tables["student_school_enrollments"], left = _school_enrollments(
        ids, school_ids, people, curriculum
    )
    district.tables |= _curriculum(school_ids, curriculum)
    district.corrections.append(left)
    enrollments = draw_enrollments(rng, people, lives, curriculum)
    assignments = draw_assignments(rng, ids, curriculum)
    marks = draw_marks(rng, lives, curriculum, enrollments, assignments)
    district.tables["assignments"] = assignment_rows(curriculum, assignments)
    incidents, softened = draw_incidents(rng, ids, people, lives, school_ids)
    for table, (rows, correction) in {
        "course_enrollments": enrollment_rows(people, curriculum, enrollments),
        "grades": grade_rows(people, enrollments, assignments, marks),
        "course_outcomes": outcome_rows(rng, people, curriculum, enrollments, marks),
        "attendance_records": draw_attendance(rng, people, lives),
    }.items():
        district.tables[table] = rows
        district.corrections.append(correction)
    district.tables |= incidents
    district.corrections.append(softened)
    return district


def _roster(school_ids: Array, people: Students, curriculum: Curriculum) -> dict[str, Columns]:
    staff = curriculum.staff
    return {
        "schools": {
            "school_id": school_ids,
            "school_code": np.array([plan.code for plan in SCHOOLS], dtype=object),
            "name": np.array([plan.name for plan in SCHOOLS], dtype=object),
            "school_type": np.array([plan.school_type.value for plan in SCHOOLS], dtype=object),
            "low_grade": np.array([plan.low_grade for plan in SCHOOLS]),
            "high_grade": np.array([plan.high_grade for plan in SCHOOLS]),
        },
        "school_calendar_days": _calendar(school_ids),
        "staff": {
            "staff_id": staff.ids,
            "staff_number": np.array(staff.numbers, dtype=object),
            "first_name": np.array(staff.first_names, dtype=object),
            "last_name": np.array(staff.last_names, dtype=object),
            "school_id": school_ids[staff.school],
        },
        "students": _students(people),
    }


def _calendar(school_ids: Array) -> Columns:
    days = np.tile(weekdays(), len(school_ids))
    return {
        "school_id": school_ids.repeat(len(days) // len(school_ids)),
        "date": days,
        "is_instructional": ~is_holiday(days),
        "term_code": np.array([term.code for term in TERMS], dtype=object)[term_of(days)],
    }


def _students(people: Students) -> Columns:
    arrays = np.empty(len(people), dtype=object)
    arrays[:] = people.race_ethnicity
    return {
        "student_id": people.ids,
        "student_number": people.numbers,
        "first_name": people.first_names,
        "last_name": people.last_names,
        "birth_date": people.birth_date,
        "gender": people.gender,
        "race_ethnicity": arrays,
        "grade_level": people.grade,
        "is_english_learner": people.is_english_learner,
        "is_special_education": people.is_special_education,
        "economic_status": people.economic_status,
        "known_at": instants(people.entry_on, 7 * 60),
    }


def _school_enrollments(
    ids: Ids, school_ids: Array, people: Students, curriculum: Curriculum
) -> tuple[Columns, Correction]:
    """Place each student in the school of the grade, with a counselor; who moved away has a version more."""
    count = len(people)
    rows: dict[str, Array] = {
        "enrollment_id": ids.draw(count),
        "student_id": people.ids,
        "school_id": school_ids[people.school],
        "school_year": np.full(count, SCHOOL_YEAR),
        "grade_level": people.grade,
        "entry_on": people.entry_on,
        "counselor_staff_id": curriculum.staff.ids[_counselors(people, curriculum)],
        "known_at": instants(people.entry_on, 7 * 60 + 30),
    }
    left = ~np.isnat(people.exit_on)
    day = people.exit_on[left]
    moved = {"exit_on": day, "exit_code": texts(len(day), "transferred"), "known_at": instants(day, 12 * 60)}
    return rows, Correction(
        "student_school_enrollments", pick({"enrollment_id": rows["enrollment_id"]}, left), moved
    )


def _counselors(people: Students, curriculum: Curriculum) -> Array:
    """Return the counselor of each student: the school's counselors in turn."""
    chosen = np.zeros(len(people), dtype=int)
    for school in range(len(SCHOOLS)):
        members = np.flatnonzero(people.school == school)
        team = np.array(curriculum.staff.of("counselor", school), dtype=int)
        if len(members):
            chosen[members] = team[np.arange(len(members)) % len(team)]
    return chosen


def _curriculum(school_ids: Array, curriculum: Curriculum) -> dict[str, Columns]:
    sections, catalogue = curriculum.sections, curriculum.offers
    school = np.array([offer.school for offer in catalogue])
    term = np.array(sections.term)
    return {
        "courses": {
            "course_id": curriculum.course_ids,
            "course_code": np.array(
                [f"{SCHOOLS[offer.school].code}-{offer.code}" for offer in catalogue], dtype=object
            ),
            "title": np.array([offer.title for offer in catalogue], dtype=object),
            "subject": np.array([offer.subject for offer in catalogue], dtype=object),
        },
        "sections": {
            "section_id": sections.ids,
            "course_id": curriculum.course_ids[sections.offer],
            "school_id": school_ids[school[sections.offer]],
            "section_code": np.array(sections.codes, dtype=object),
            "starts_on": np.array([t.starts_on for t in TERMS], dtype="datetime64[D]")[term],
            "ends_on": np.array([t.ends_on for t in TERMS], dtype="datetime64[D]")[term],
        },
        "section_staff": {
            "section_id": sections.ids,
            "staff_id": curriculum.staff.ids[sections.teacher],
        },
    }
