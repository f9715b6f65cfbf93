"""The real students: every row arrives, and what is kept agrees with the files counted in another way."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from real_students import NEEDS_OULAD, OULAD
from rollbook.exchange.oulad import ImportSummary

pytestmark = NEEDS_OULAD

CLICKS = """
    SELECT count(*), sum(event_count), sum(event_on - starts_on) FROM analytics_events
    JOIN sections USING (section_id)
"""
GRADES = """
    SELECT count(*), count(grade_value), sum(grade_value), sum(submitted_on - starts_on)
    FROM grades JOIN assignments USING (assignment_id) JOIN sections USING (section_id)
"""
WITHDRAWALS = """
    SELECT (SELECT count(withdrawn_on) FROM course_enrollments), count(*) FROM course_enrollments_history
"""


def read(name: str) -> list[dict[str, str]]:
    path = OULAD / name
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode().splitlines()))


def total(rows: list[dict[str, str]], column: str) -> int:
    return sum(int(row[column] or 0) for row in rows)


@pytest.mark.slow
def test_every_row_of_the_real_files_arrives(
    import_drop: Callable[..., ImportSummary], rows: Callable[..., Sequence[tuple[Any, ...]]]
) -> None:
    summary = import_drop(OULAD)

    assert summary.rejected == 0
    info, registrations = read("studentInfo.csv"), read("studentRegistration.csv")
    assert rows("SELECT count(*) FROM students") == [(len({row["id_student"] for row in info}),)]
    assert rows("SELECT count(*) FROM course_enrollments") == [(len(registrations),)]
    withdrawn = sum(row["date_unregistration"] != "" for row in registrations)
    assert rows(WITHDRAWALS) == [(withdrawn, withdrawn)]
    results = Counter(row["final_result"].lower() for row in info)
    assert dict(rows("SELECT result, count(*) FROM course_outcomes GROUP BY 1")) == results
    work = read("studentAssessment.csv")
    marked = sum(row["score"] != "" for row in work)
    assert rows(GRADES) == [(len(work), marked, total(work, "score"), total(work, "date_submitted"))]
    clicks = read("studentVle.csv.gz")
    days = {(row["code_module"], row["code_presentation"], row["id_student"], row["date"]) for row in clicks}
    assert rows(CLICKS) == [(len(days), total(clicks, "sum_click"), sum(int(day) for *_, day in days))]

    assert import_drop(OULAD).written == 0
