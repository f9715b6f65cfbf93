"""An attacker who knows a student's birth date, school and days of absence looks for their row."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from research.copies import QUASI, Row, days_by, rows, shape
from rollbook.core.progress import Silent
from rollbook.core.tenancy import Tenant
from rollbook.research.copying import Wanted, deidentify, make_copy

KNOWN = """
WITH absences AS MATERIALIZED (
    SELECT student_id, array_agg(date ORDER BY date) AS absent FROM attendance_days
    WHERE missed > 0 GROUP BY student_id
)
SELECT people.student_id::text, birth_date, school_0, school_1, grade_0, grade_1, gender_0, race_0, race_1,
    english_learner_0, special_education_0, economic_status_0, language_0, language_1, absence_0, absence_1,
    absent
FROM research_people AS people JOIN students USING (student_id) LEFT JOIN absences USING (student_id)
"""


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of one student. The attacker has found out which school's pseudonym is which."""

    student: str
    born: date
    values: dict[str, set[str]]
    absent: tuple[int, ...]


def targets(db: Session) -> list[Target]:
    found = []
    for row in db.execute(text(KNOWN)).mappings():
        values = {name: {"*", *(row[key] for key in row if key.startswith(f"{name}_"))} for name in QUASI}
        found.append(Target(row["student_id"], row["birth_date"], values, shape(row["absent"] or [])))
    return found


def suspects(folder: Path, known: list[Target]) -> dict[str, int]:
    """Return for each target how many rows of the copy may be theirs."""
    days = days_by(rows(folder, "absences"), "missed_on")
    absent = {name: shape(found) for name, found in days.items()}
    alike: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows(folder, "students"):
        alike[tuple(row[name] for name in QUASI)].append(row)
    return {target.student: _suspects(target, alike, absent) for target in known}


def _suspects(
    target: Target, alike: dict[tuple[str, ...], list[Row]], absent: dict[str, tuple[int, ...]]
) -> int:
    count = 0
    for told, students in alike.items():
        if all(value in target.values[name] for name, value in zip(QUASI, told, strict=True)):
            count += sum(
                row["dates_given"] != "all" or absent.get(row["pseudonym"], ()) == target.absent
                for row in students
            )
    return count


@pytest.mark.slow
def test_nobody_is_singled_out(district: tuple[Session, Tenant], tmp_path: Path) -> None:
    db, tenant = district
    manifest = deidentify(db, tenant, Wanted("attacked", k=5), tmp_path / "copy")

    found = suspects(tmp_path / "copy", targets(db))

    assert len(found) >= 690
    chances = [1 / count for count in found.values() if count]
    assert max(chances) <= 1 / 5
    assert sum(count > 0 for count in found.values()) >= manifest.students, (
        "everybody who is in it was looked for"
    )


@pytest.mark.slow
def test_the_same_attack_finds_most_students_where_nothing_is_generalised(
    district: tuple[Session, Tenant], tmp_path: Path
) -> None:
    """The positive control: the same copy with k = 1."""
    db, tenant = district
    make_copy(db, tenant, Wanted("naked", k=1), tmp_path / "copy", Silent())

    found = suspects(tmp_path / "copy", targets(db))

    assert sum(count == 1 for count in found.values()) > 0.9 * len(found)
