"""What a second OULAD drop changes: what differs, and nothing else."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from exchange.drops import ENROLLMENTS, GRADES, Drop, day, everything, tables
from rollbook.exchange.oulad import ImportSummary
from rollbook.testing.databases import Database, TestServer

Import = Callable[..., ImportSummary]
Rows = Callable[..., Sequence[tuple[Any, ...]]]


def test_the_same_drop_again_writes_nothing(
    drop: Drop, import_drop: Import, rollbook_server: TestServer, fresh_database: Database
) -> None:
    import_drop(drop)
    before = everything(rollbook_server, fresh_database)

    again = import_drop(drop)

    assert again.written == 0
    assert all(table.unchanged > 0 for table in again.tables)
    assert everything(rollbook_server, fresh_database) == before


def test_a_corrected_score_is_a_new_version(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    summary = import_drop(drop.change("studentAssessment.csv", "101,7,18,False,78", "101,7,18,False,81"))

    assert summary.written == 1
    assert tables(summary)["grades"] == (0, 1, 4)
    assert rows(GRADES.format(table="grades"))[0][2] == Decimal(81)
    assert rows(GRADES.format(table="grades_history")) == [
        (7, "101", Decimal(78), date(2013, 10, 19), False, day(2013, 10, 19))
    ]


def test_a_later_withdrawal_is_a_new_version(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)

    summary = import_drop(drop.change("studentRegistration.csv", "AAA,2013J,8,-159,", "AAA,2013J,8,-159,31"))

    assert tables(summary)["course_enrollments"] == (0, 1, 3)
    assert rows(ENROLLMENTS.format(table="course_enrollments"))[1][3:] == (
        date(2013, 11, 1),
        day(2013, 11, 1),
    )
    assert rows(ENROLLMENTS.format(table="course_enrollments_history"))[1] == (
        8,
        "2013J",
        date(2013, 4, 25),
        None,
        day(2013, 4, 25),
    )


@pytest.mark.parametrize(
    ("table", "correction"),
    [
        ("sections", ("courses.csv", "2013J,268", "2013J,269")),
        ("students", ("studentInfo.csv", "7,M,Scotland", "7,F,Scotland")),
        ("course_enrollments", ("studentInfo.csv", "8,F,South Region", "8,F,North Region")),
        ("course_outcomes", ("studentInfo.csv", "120,True,Pass", "120,True,Distinction")),
        ("assignments", ("assessments.csv", "101,TMA,19,10.0", "101,TMA,20,10.0")),
        ("analytics_events", ("studentVle.csv", "AAA,2013J,8,502,-10,1", "AAA,2013J,8,502,-10,3")),
    ],
)
def test_one_correction_changes_one_row(
    drop: Drop, import_drop: Import, table: str, correction: tuple[str, str, str]
) -> None:
    import_drop(drop)

    summary = import_drop(drop.change(*correction))

    assert tables(summary)[table][:2] == (0, 1)


def test_rows_that_a_drop_does_not_mention_stay(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop)
    del drop.files["studentVle.csv"]

    summary = import_drop(drop.change("studentAssessment.csv", "101,9,20,0,\n", ""))

    assert summary.written == 0
    assert rows("SELECT count(*) FROM analytics_events") == [(3,)]
    assert rows("SELECT count(*) FROM grades") == [(5,)]


def test_two_drops_of_one_person_meet(drop: Drop, import_drop: Import, rows: Rows) -> None:
    first = {name: text.replace(b"AAA,2014B", b"BBB,2014B") for name, text in drop.files.items()}
    import_drop(drop)
    drop.files = first

    summary = import_drop(drop)

    assert tables(summary)["students"] == (0, 0, 3)
    assert rows("SELECT count(*) FROM course_enrollments") == [(5,)]
