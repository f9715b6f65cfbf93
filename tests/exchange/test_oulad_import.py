"""What an OULAD drop becomes."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exchange.drops import ENROLLMENTS, GRADES, Drop, day, tables
from rollbook.core.database import engine_for
from rollbook.core.tenancy import ensure_tenant
from rollbook.exchange.oulad import ImportSummary, TenantIsSynthetic
from rollbook.testing.databases import Database

Import = Callable[..., ImportSummary]
Rows = Callable[..., Sequence[tuple[Any, ...]]]


def test_presentations_are_sections_with_dates(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows("SELECT course_code, title FROM courses") == [("AAA", "Module AAA")]
    assert rows("SELECT section_code, starts_on, ends_on FROM sections ORDER BY 1") == [
        ("2013J", date(2013, 10, 1), date(2014, 6, 26)),
        ("2014B", date(2014, 2, 1), date(2014, 9, 29)),
    ]


def test_a_person_is_one_student_without_a_name(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows("SELECT student_number, gender, last_name FROM students ORDER BY 1") == [
        ("7", "M", None),
        ("8", "F", None),
        ("9", "F", None),
    ]


def test_registrations_are_known_on_their_day(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows(ENROLLMENTS.format(table="course_enrollments")) == [
        (7, "2013J", date(2013, 9, 1), date(2013, 10, 13), day(2013, 10, 13)),
        (8, "2013J", date(2013, 4, 25), None, day(2013, 4, 25)),
        (9, "2013J", None, None, day(2013, 10, 1)),
        (9, "2014B", date(2014, 1, 27), None, day(2014, 1, 27)),
    ]


def test_before_the_withdrawal_nobody_knows_of_it(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows(ENROLLMENTS.format(table="course_enrollments_history")) == [
        (7, "2013J", date(2013, 9, 1), None, day(2013, 9, 1))
    ]
    assert rows("SELECT superseded_at FROM course_enrollments_history") == [(day(2013, 10, 13),)]


def test_facts_at_entry_are_kept_in_one_spelling(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    facts = "entry_facts->>'imd_band', entry_facts->'disability', prior_attempts, load_credits"
    found = rows(
        f"SELECT student_number, {facts} FROM course_enrollments JOIN students USING (student_id)"
        " JOIN sections USING (section_id) ORDER BY 1, section_code"
    )
    assert found == [
        ("7", "10-20%", False, 0, Decimal(60)),
        ("8", None, True, 1, Decimal(120)),
        ("9", None, False, 0, Decimal(60)),
        ("9", "90-100%", True, 1, Decimal(60)),
    ]


def test_results_are_known_at_the_end_or_at_the_withdrawal(
    drop: Drop, import_drop: Import, rows: Rows
) -> None:
    import_drop(drop)

    assert rows(
        "SELECT student_number, result, course_outcomes.known_at FROM course_outcomes"
        " JOIN students USING (student_id) ORDER BY 1, 3"
    ) == [
        ("7", "withdrawn", day(2013, 10, 13)),
        ("8", "pass", day(2014, 6, 26)),
        ("9", "fail", day(2014, 6, 26)),
        ("9", "distinction", day(2014, 9, 29)),
    ]


def test_assessments_are_assignments(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows(
        "SELECT assignment_code, title, assignment_type, weight_percent, due_on FROM assignments ORDER BY 1"
    ) == [
        ("101", "TMA 1", "tutor_marked", Decimal(10), date(2013, 10, 20)),
        ("102", "TMA 2", "tutor_marked", Decimal(90), date(2013, 11, 24)),
        ("103", "Exam 1", "exam", Decimal(100), None),
        ("201", "CMA 1", "computer_marked", Decimal("12.5"), date(2014, 2, 20)),
    ]


def test_submissions_are_grades_known_on_the_day_handed_in(
    drop: Drop, import_drop: Import, rows: Rows
) -> None:
    import_drop(drop)

    assert rows(GRADES.format(table="grades")) == [
        (7, "101", Decimal(78), date(2013, 10, 19), False, day(2013, 10, 19)),
        (8, "101", Decimal("60.5"), date(2013, 9, 30), True, day(2013, 9, 30)),
        (8, "102", None, date(2013, 11, 22), False, day(2013, 11, 22)),
        (9, "101", None, date(2013, 10, 21), False, day(2013, 10, 21)),
        (9, "201", Decimal(100), date(2014, 2, 19), True, day(2014, 2, 19)),
    ]


def test_clicks_are_summed_by_day(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows(
        "SELECT student_number, event_on, event_type, event_count, analytics_events.known_at"
        " FROM analytics_events JOIN students USING (student_id) ORDER BY 1, 2"
    ) == [
        ("8", date(2013, 9, 21), "clicks", 5, day(2013, 9, 21)),
        ("8", date(2013, 10, 1), "clicks", 2, day(2013, 10, 1)),
        ("9", date(2013, 11, 1), "clicks", 7, day(2013, 11, 1)),
    ]


def test_the_tenant_predicts_by_course(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop, tenant_slug="open-university")

    assert rows("SELECT slug, risk_target, is_synthetic FROM tenants", tenant="open-university") == [
        ("open-university", "course", False)
    ]


def test_the_summary_counts_by_table(drop: Drop, import_drop: Import) -> None:
    summary = import_drop(drop)

    assert tables(summary) == {
        "courses": (1, 0, 0),
        "sections": (2, 0, 0),
        "students": (3, 0, 0),
        "course_enrollments": (4, 0, 0),
        "course_outcomes": (4, 0, 0),
        "assignments": (4, 0, 0),
        "grades": (5, 0, 0),
        "analytics_events": (3, 0, 0),
    }
    assert {file.file: file.rows_read for file in summary.files} == {
        "courses.csv": 2,
        "studentInfo.csv": 4,
        "studentRegistration.csv": 4,
        "assessments.csv": 4,
        "studentAssessment.csv": 5,
        "vle.csv": 2,
        "studentVle.csv": 4,
    }


def test_gzip_quotes_crlf_and_byte_order_mark_are_read(drop: Drop, import_drop: Import) -> None:
    plain = import_drop(drop)
    drop.files = {
        f"{name}.gz": b"\xef\xbb\xbf" + _quoted(text).replace(b"\n", b"\r\n")
        for name, text in drop.files.items()
    }

    again = import_drop(drop)

    assert again.written == 0
    assert [file.rows_read for file in again.files] == [file.rows_read for file in plain.files]


def _quoted(text: bytes) -> bytes:
    lines = text.splitlines()
    return b"".join(b'"' + line.replace(b",", b'","') + b'"\n' for line in lines)


def test_columns_may_come_in_another_order_and_with_others(drop: Drop, import_drop: Import) -> None:
    drop.files["courses.csv"] = (
        b"module_presentation_length,title,code_presentation,code_module\n"
        b'268,"Arts, and more",2013J,AAA\n'
        b"240,,2014B,AAA\n"
    )

    summary = import_drop(drop)

    assert summary.files[0].ignored_columns == ["title"]
    assert tables(summary)["sections"] == (2, 0, 0)


def test_the_planner_knows_the_new_rows(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    assert rows("SELECT reltuples::int FROM pg_class WHERE oid = 'public.analytics_events'::regclass") == [
        (3,)
    ]


def test_a_day_begins_at_the_tenants_midnight(
    drop: Drop, import_drop: Import, fresh_database: Database, rows: Rows
) -> None:
    with Session(engine_for(fresh_database.url, statement_timeout_s=0)) as db, db.begin():
        ensure_tenant(db, "oulad", name="Ours").time_zone = "America/New_York"

    import_drop(drop)

    assert rows("SELECT known_at FROM grades WHERE grade_value = 78") == [
        (datetime(2013, 10, 19, 4, tzinfo=UTC),)
    ]


def test_files_without_rows_are_no_fault(drop: Drop, import_drop: Import) -> None:
    for name in ("studentVle.csv", "studentAssessment.csv", "vle.csv"):
        drop.files[name] = drop.files[name].partition(b"\n")[0]

    assert tables(import_drop(drop))["analytics_events"] == (0, 0, 0)


def test_the_app_gathers_statistics_of_our_tables_alone(rows: Rows, drop: Drop, import_drop: Import) -> None:
    import_drop(drop)

    with pytest.raises(DBAPIError, match="not one of Rollbook's tables"):
        rows("SELECT rollbook_analyze('pg_class')")


def test_real_students_do_not_go_among_synthetic_ones(
    drop: Drop, import_drop: Import, fresh_database: Database
) -> None:
    with Session(engine_for(fresh_database.url, statement_timeout_s=0)) as db, db.begin():
        ensure_tenant(db, "made-up", name="Made up", is_synthetic=True)

    with pytest.raises(TenantIsSynthetic, match="made-up"):
        import_drop(drop, tenant_slug="made-up")
