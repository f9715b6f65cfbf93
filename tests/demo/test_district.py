"""The district in the database: the same for the same seed, true to the calendar, with versions."""

import subprocess
import sys
from datetime import date
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from demo.districts import fill
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.demo.calendar import TODAY
from rollbook.demo.service import DistrictDateInvalid, DistrictSizeInvalid, TenantNotEmpty
from rollbook.testing.databases import Database

TABLES: Final = (
    "schools",
    "school_calendar_days",
    "staff",
    "students",
    "student_school_enrollments",
    "courses",
    "sections",
    "course_enrollments",
    "course_outcomes",
    "assignments",
    "grades",
    "attendance_records",
    "discipline_incidents",
    "incident_participants",
    "discipline_actions",
)
VERSIONED: Final = (
    "student_school_enrollments",
    "course_enrollments",
    "course_outcomes",
    "grades",
    "attendance_records",
    "discipline_incidents",
)
HISTORIES: Final = tuple(f"{name}_history" for name in VERSIONED)


def rows_of(db: Session, table: str) -> int:
    return offenders(db, f"SELECT 1 FROM {table}")


def digest(db: Session, table: str) -> str:
    """Return a digest of all rows, in no order, without what says when and where they were written."""
    document = "to_jsonb(t) - 'tenant_id' - 'created_at' - 'history_id'"
    lines = f"SELECT md5(({document})::text) AS line FROM {table} t"
    total = text(f"SELECT md5(string_agg(line, '' ORDER BY line)) FROM ({lines}) AS lines")
    digested: str = db.execute(total).scalar_one()
    return digested


def offenders(db: Session, query: str) -> int:
    """Count the rows of ``query``; a rule holds when there are none."""
    count: int = db.execute(text(f"SELECT count(*) FROM ({query}) AS rule")).scalar_one()
    return count


@pytest.fixture
def district(db: Session, tenant: Tenant) -> Session:
    fill(db, tenant)
    return db


def test_the_tenant_is_marked_and_set_up(district: Session, tenant: Tenant) -> None:
    district.refresh(tenant)

    assert (tenant.is_synthetic, tenant.risk_target) == (True, "student")
    assert tenant.time_zone == "America/Chicago"


def test_the_totals_hold(district: Session) -> None:
    counts = {table: rows_of(district, table) for table in TABLES}

    assert counts["students"] == 130
    assert counts["student_school_enrollments"] == 132, "two changed schools"
    assert counts["schools"] == 6
    elementary, older, days = 52, 78, 135
    usual = days * (elementary + 3 * older)
    assert counts["attendance_records"] == pytest.approx(usual, rel=0.08), "a day, or three of six periods"
    assert counts["course_enrollments"] == pytest.approx(2 * (4 * elementary + 6 * older), rel=0.12)
    assert counts["grades"] > 10 * 130 * 5
    ended = offenders(
        district,
        "SELECT 1 FROM course_outcomes JOIN sections USING (tenant_id, section_id)"
        " WHERE ends_on < '2026-01-01'",
    )
    assert 0.9 < ended / (counts["course_enrollments"] / 2) < 1.02, "the first term has its results"


RULES: Final = {
    "a mark is on a school day": """
        SELECT 1 FROM attendance_records a
        JOIN student_school_enrollments e ON e.tenant_id = a.tenant_id AND e.student_id = a.student_id
            AND a.date >= e.entry_on AND (e.exit_on IS NULL OR a.date < e.exit_on)
        LEFT JOIN school_calendar_days d
            ON d.tenant_id = a.tenant_id AND d.school_id = e.school_id AND d.date = a.date
        WHERE d.is_instructional IS NOT TRUE""",
    "a mark is within the time in school": """
        SELECT 1 FROM attendance_records a
        LEFT JOIN student_school_enrollments e
            ON e.tenant_id = a.tenant_id AND e.student_id = a.student_id
            AND a.date >= e.entry_on AND (e.exit_on IS NULL OR a.date < e.exit_on)
        WHERE e.student_id IS NULL""",
    "an incident is within the time in school, on a school day": """
        SELECT 1 FROM discipline_incidents i
        JOIN incident_participants p USING (tenant_id, incident_id)
        LEFT JOIN student_school_enrollments e
            ON e.tenant_id = i.tenant_id AND e.student_id = p.student_id
            AND i.incident_on >= e.entry_on AND (e.exit_on IS NULL OR i.incident_on < e.exit_on)
        LEFT JOIN school_calendar_days d
            ON d.tenant_id = i.tenant_id AND d.school_id = e.school_id AND d.date = i.incident_on
        WHERE d.is_instructional IS NOT TRUE""",
    "work is set to who is in the section": """
        SELECT 1 FROM grades g
        JOIN assignments a USING (tenant_id, assignment_id)
        LEFT JOIN course_enrollments e ON e.tenant_id = g.tenant_id AND e.student_id = g.student_id
            AND e.section_id = a.section_id AND a.due_on >= e.enrolled_on
            AND (e.withdrawn_on IS NULL OR a.due_on < e.withdrawn_on)
        WHERE e.student_id IS NULL""",
    "a mark is at most the most": """
        SELECT 1 FROM grades JOIN assignments USING (tenant_id, assignment_id)
        WHERE grade_value > max_value""",
    "work is due within the term": """
        SELECT 1 FROM assignments JOIN sections USING (tenant_id, section_id)
        WHERE due_on NOT BETWEEN starts_on AND ends_on""",
    "an enrollment is within the section": """
        SELECT 1 FROM course_enrollments JOIN sections USING (tenant_id, section_id)
        WHERE enrolled_on NOT BETWEEN starts_on AND ends_on
            OR withdrawn_on NOT BETWEEN enrolled_on AND ends_on""",
    "a student sits in a section of the own school and grade": """
        SELECT 1 FROM course_enrollments c JOIN sections s USING (tenant_id, section_id)
        LEFT JOIN student_school_enrollments e ON e.tenant_id = c.tenant_id AND e.student_id = c.student_id
            AND e.school_id = s.school_id AND c.enrolled_on >= e.entry_on
        WHERE e.school_id IS NULL""",
    "nobody sits in two sections at once": """
        SELECT 1 FROM course_enrollments c JOIN sections s USING (tenant_id, section_id)
        WHERE periods IS NOT NULL AND withdrawn_on IS NULL
        GROUP BY student_id, starts_on, periods HAVING count(*) > 1""",
    "nobody teaches two sections at once": """
        SELECT 1 FROM section_staff JOIN sections USING (tenant_id, section_id)
        WHERE periods IS NOT NULL GROUP BY staff_id, starts_on, periods HAVING count(*) > 1""",
    "a student has a mark in each period that meets": """
        SELECT 1 FROM attendance_records WHERE period > 0
        GROUP BY student_id, date HAVING count(*) <> 3""",
    "an account of progress is what the marks then were": """
        SELECT 1 FROM progress p
        JOIN course_enrollments e ON e.tenant_id = p.tenant_id AND e.student_id = p.student_id
            AND e.enrolled_on <= p.measured_on
            AND (e.withdrawn_on IS NULL OR e.withdrawn_on > p.measured_on)
        JOIN sections s ON s.tenant_id = e.tenant_id AND s.section_id = e.section_id
            AND s.course_id = p.course_id AND p.measured_on BETWEEN s.starts_on AND s.ends_on
        LEFT JOIN assignments a ON a.tenant_id = s.tenant_id AND a.section_id = s.section_id
            AND a.due_on BETWEEN e.enrolled_on AND p.measured_on
        GROUP BY p.student_id, p.course_id, p.measured_on, p.assignments_set
        HAVING count(a.assignment_id) <> p.assignments_set""",
    "a final course grade agrees with the outcome and earns its credits": """
        SELECT 1 FROM course_grades g JOIN course_outcomes o USING (tenant_id, student_id, section_id)
        WHERE is_final AND ((grade_percent >= 60) <> (result IN ('pass', 'distinction'))
            OR (credits_attempted > 0 AND (credits_earned > 0) <> (grade_percent >= 60)))""",
    "a section's weights make 100": """
        SELECT section_id FROM assignments GROUP BY section_id HAVING sum(weight_percent) <> 100""",
    "every section has a teacher of its school": """
        SELECT 1 FROM sections LEFT JOIN section_staff USING (tenant_id, section_id)
        LEFT JOIN staff USING (tenant_id, staff_id, school_id)
        WHERE staff.staff_number IS NULL""",
    "every student has a counselor of the school": """
        SELECT 1 FROM student_school_enrollments e LEFT JOIN staff
            ON staff.tenant_id = e.tenant_id AND staff_id = counselor_staff_id
            AND staff.school_id = e.school_id
        WHERE staff_id IS NULL OR staff_number NOT LIKE 'C%'""",
    "a student is of an age for the grade": """
        SELECT 1 FROM students
        WHERE extract(year FROM age(date '2025-09-01', birth_date)) - grade_level NOT BETWEEN 5 AND 6""",
    "an outcome ends what was withdrawn, or the term": """
        SELECT 1 FROM course_outcomes o
        JOIN course_enrollments e USING (tenant_id, student_id, section_id)
        JOIN sections s USING (tenant_id, section_id)
        WHERE (o.result = 'withdrawn') <> (e.withdrawn_on IS NOT NULL)
            OR o.known_at < coalesce(e.withdrawn_on, s.ends_on)""",
    "attendance is known on its day or later": """
        SELECT 1 FROM attendance_records
        WHERE (known_at AT TIME ZONE 'America/Chicago')::date < date""",
    "a first mark of a day is known that day": """
        SELECT 1 FROM attendance_records_history
        WHERE (known_at AT TIME ZONE 'America/Chicago')::date <> date""",
    "a mark is known when the work is handed in or later": """
        SELECT 1 FROM grades WHERE (known_at AT TIME ZONE 'America/Chicago')::date < submitted_on""",
    "an incident is known on its day or later": """
        SELECT 1 FROM discipline_incidents
        WHERE (known_at AT TIME ZONE 'America/Chicago')::date < incident_on""",
    "what is done about an incident is known no earlier": """
        SELECT 1 FROM discipline_actions JOIN discipline_incidents USING (tenant_id, incident_id)
        WHERE (discipline_actions.known_at AT TIME ZONE 'America/Chicago')::date < incident_on""",
    "an incident is at the school of who did it": """
        SELECT 1 FROM discipline_incidents i JOIN incident_participants p USING (tenant_id, incident_id)
        LEFT JOIN student_school_enrollments e ON e.tenant_id = p.tenant_id AND e.student_id = p.student_id
            AND e.school_id = i.school_id AND i.incident_on >= e.entry_on
            AND (e.exit_on IS NULL OR i.incident_on < e.exit_on)
        WHERE e.student_id IS NULL""",
}


def test_every_row_keeps_the_rules(district: Session) -> None:
    broken = {rule: count for rule, query in RULES.items() if (count := offenders(district, query))}

    assert broken == {}


def test_corrections_replaced_earlier_versions(db: Session, tenant: Tenant) -> None:
    fill(db, tenant, 390)

    for table in HISTORIES:
        versions = text(f"SELECT count(*), count(*) FILTER (WHERE superseded_at > known_at) FROM {table}")
        superseded, later = db.execute(versions).one()
        assert superseded > 0, table
        assert later == superseded, f"{table}: a correction is known later than what it corrects"


def test_nothing_is_known_after_today(district: Session) -> None:
    for table in (*VERSIONED, "students"):
        latest = district.execute(text(f"SELECT max(known_at) FROM {table}")).scalar_one()
        assert latest.date() <= TODAY, table


def test_an_earlier_today_knows_what_was_known_then(db: Session, tenant: Tenant) -> None:
    day = date(2025, 11, 21)
    fill(db, tenant, 65, today=day)
    early = digest(db, "attendance_records")
    later_tenant = ensure_tenant(db, "later", name="later")
    look_through(db, Visibility(later_tenant.tenant_id))
    fill(db, later_tenant, 65)

    as_of = text("""
        WITH versions AS (
            SELECT to_jsonb(a) - 'tenant_id' AS line, known_at, 'infinity'::timestamptz AS superseded_at
            FROM attendance_records a
            UNION ALL
            SELECT to_jsonb(h) - 'tenant_id' - 'history_id' - 'superseded_at'
                - 'superseded_by_import', known_at, superseded_at
            FROM attendance_records_history h
        )
        SELECT md5(string_agg(md5(line::text), '' ORDER BY md5(line::text))) FROM versions
        WHERE known_at < timestamptz '2025-11-22 00:00 America/Chicago'
            AND superseded_at >= timestamptz '2025-11-22 00:00 America/Chicago'
    """)
    assert db.execute(as_of).scalar_one() == early


def test_a_district_is_made_in_an_empty_tenant_only(district: Session, tenant: Tenant) -> None:
    with pytest.raises(TenantNotEmpty, match="already holds 130 students"):
        fill(district, tenant)


@pytest.mark.parametrize("students", [0, -5, 10**9])
def test_a_size_must_make_sense(db: Session, tenant: Tenant, students: int) -> None:
    with pytest.raises(DistrictSizeInvalid):
        fill(db, tenant, students)
    assert rows_of(db, "schools") == 0


def test_a_day_outside_the_year_is_refused(db: Session, tenant: Tenant) -> None:
    with pytest.raises(DistrictDateInvalid):
        fill(db, tenant, today=date(2031, 1, 1))
    assert rows_of(db, "schools") == 0


@pytest.mark.parametrize("students", [1, 2, 14])
def test_a_tiny_district_is_still_one(db: Session, tenant: Tenant, students: int) -> None:
    assert fill(db, tenant, students).rows["students"] == students


ALONE: Final = """
import sys
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.demo import service
from sqlalchemy.orm import Session

plan = service.Plan(students=5)
with Session(engine_for(sys.argv[1])) as db, db.begin():
    tenant = ensure_tenant(db, "alone", name="Alone", is_synthetic=True)
    look_through(db, Visibility(tenant.tenant_id))
    service.prepare_months(db, plan)
    print(service.generate_district(db, tenant, plan).rows["courses"])
"""


def test_it_is_made_where_nobody_else_has_loaded_the_tables(fresh_database: Database) -> None:
    """As after `rollbook up`, or an interrupted demo: with nothing to migrate, Alembic loads no models."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, fresh_database.url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
