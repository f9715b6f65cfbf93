"""Research copies: what they drop, what they keep, and that k students are alike in each."""

import hashlib
import hmac
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from research.copies import classes, days_by, rows, secret_of
from rollbook.core.encryption import sealed_columns
from rollbook.core.schema import Base
from rollbook.core.tenancy import Tenant
from rollbook.research.auditing import Rule, audit_table
from rollbook.research.columns import COLUMNS, Kind
from rollbook.research.copying import (
    Wanted,
    deidentify,
)
from rollbook.research.models import ResearchCopy, ResearchProject
from rollbook.roster.models import School, Student

District = tuple[Session, Tenant]


@pytest.mark.parametrize("k", [3, 5, 10])
def test_k_and_l_counted_from_the_files_are_what_the_manifest_says(
    district: District, tmp_path: Path, k: int
) -> None:
    db, tenant = district

    manifest = deidentify(db, tenant, Wanted("growth", k), tmp_path / "copy")

    grouped = classes(tmp_path / "copy")
    assert min(map(len, grouped.values())) >= manifest.k >= k
    assert sum(map(len, grouped.values())) == manifest.students
    for column, least in manifest.l_diversity.items():
        assert min(len({row[column] for row in rows}) for rows in grouped.values()) >= least >= 1
    assert manifest.students >= 700 * 0.95
    assert (
        len({tuple(row[c] for c in ("school", "grade")) for row in rows(tmp_path / "copy", "students")}) > 3
    )
    assert json.loads((tmp_path / "copy" / "manifest.json").read_text())["k"] == manifest.k


@pytest.mark.parametrize("k", [3, 5])
def test_no_class_has_fewer_values_than_were_asked_for(district: District, tmp_path: Path, k: int) -> None:
    db, tenant = district
    plain = deidentify(db, tenant, Wanted("plain", k), None)

    manifest = deidentify(db, tenant, Wanted("diverse", k, diversity=2), tmp_path / "copy")

    grouped = classes(tmp_path / "copy")
    assert min(plain.l_diversity.values()) == 1, "it does not come by itself"
    for column, least in manifest.l_diversity.items():
        assert min(len({row[column] for row in rows}) for rows in grouped.values()) >= least >= 2
    assert min(map(len, grouped.values())) >= manifest.k >= k
    assert manifest.students >= 700 * 0.95


def test_what_nobody_differs_in_cannot_be_asked_of_a_class(district: District) -> None:
    db, tenant = district
    with db.begin_nested() as scratch:
        db.execute(text("DELETE FROM discipline_actions"))
        db.execute(text("DELETE FROM incident_participants"))
        manifest = deidentify(db, tenant, Wanted("calm", diversity=2), None)
        scratch.rollback()

    assert manifest.l_diversity["incidents"] == 1
    assert manifest.l_diversity["courses_failed"] >= 2
    assert manifest.students >= 700 * 0.95


def test_pseudonyms_are_the_projects_own(district: District, tmp_path: Path) -> None:
    db, tenant = district
    named = {}
    for folder, project in (("a", "growth"), ("b", "growth"), ("c", "meals")):
        deidentify(db, tenant, Wanted(project), tmp_path / folder)
        named[folder] = {row["pseudonym"] for row in rows(tmp_path / folder, "students")}

    assert named["a"] == named["b"]
    assert named["a"].isdisjoint(named["c"])
    secret = secret_of(db, "growth")
    ids = db.scalars(select(Student.student_id)).all()
    digests = {hmac.new(secret, f"student {one}".encode(), hashlib.sha256).hexdigest()[:32] for one in ids}
    assert named["a"] <= digests, "HMAC-SHA256 under the project's secret"


def test_a_students_dates_move_together_by_whole_weeks(district: District, tmp_path: Path) -> None:
    db, tenant = district
    deidentify(db, tenant, Wanted("dates", most_weeks=8), tmp_path / "copy")
    secret = secret_of(db, "dates")
    entries = "SELECT student_id::text, array_agg(entry_on) FROM student_school_enrollments GROUP BY 1"
    true: dict[str, list[date]] = {row[0]: row[1] for row in db.execute(text(entries))}
    names = {
        hmac.new(secret, f"student {one}".encode(), hashlib.sha256).hexdigest()[:32]: one for one in true
    }
    shifts = set()

    told = days_by(rows(tmp_path / "copy", "school_enrollments"), "entry_on")
    for name, days in told.items():
        moved = {day - was for day, was in zip(days, sorted(true[names[name]]), strict=True)}
        assert len(moved) == 1, "order and intervals are kept"
        shifts |= moved

    assert len(told) > 300
    assert {shift % timedelta(weeks=1) for shift in shifts} == {timedelta(0)}
    assert timedelta(weeks=-8) <= min(shifts) < timedelta(0) < max(shifts) <= timedelta(weeks=8)


def test_no_identifier_and_no_free_text_is_in_a_copy(district: District, tmp_path: Path) -> None:
    """A word of its own is planted in each such column of text, of some rows."""
    db, tenant = district
    planted: list[str] = []
    with db.begin_nested() as scratch:
        for table, column in PLANTED:
            planted.append(word := f"zqx{len(planted)}zqx")
            value = f"'{word}' || {column}" if column.endswith("number") else f"'{word}'"
            value = f"""'{{"note": "{word}"}}'""" if column == "metadata" else value
            rule = "WHERE date = (SELECT max(date) FROM attendance_records)" if column == "reason" else ""
            db.connection().exec_driver_sql(f"UPDATE {table} SET {column} = {value} {rule}")
        deidentify(db, tenant, Wanted("planted"), tmp_path / "copy")
        scratch.rollback()
    files = "".join(path.read_text() for path in (tmp_path / "copy").iterdir())

    assert len(planted) > 15
    assert [word for word in planted if word in files] == []
    ids = [str(one) for model in (Student.student_id, School.school_id) for one in db.scalars(select(model))]
    assert [one for one in ids if one in files] == []
    births = db.scalars(select(Student.birth_date).where(Student.birth_date.is_not(None))).all()
    assert [born for born in births if str(born) in files] == []


PLANTED = [
    (table, column)
    for table, columns in COLUMNS.items()
    for column, kind in columns.items()
    if kind in (Kind.IDENTIFIER, Kind.FREE_TEXT)
    and column not in ("birth_date", "incident_time")
    and column not in sealed_columns(Base.metadata.tables[table])
]


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_of_a_table_that_is_read_is_judged(table: str) -> None:
    assert set(COLUMNS[table]) == set(Base.metadata.tables[table].columns.keys())


def test_a_dry_run_writes_nothing_and_says_the_same(district: District, tmp_path: Path) -> None:
    db, tenant = district
    before = len(db.scalars(select(ResearchProject)).all())

    dry = deidentify(db, tenant, Wanted("never"), None)
    made = deidentify(db, tenant, Wanted("once"), tmp_path / "copy")

    assert len(db.scalars(select(ResearchProject)).all()) == before + 1
    assert (dry.k, dry.students, dry.generalised, dry.l_diversity) == (
        made.k,
        made.students,
        made.generalised,
        made.l_diversity,
    )


def test_the_summary_gives_nothing_away(district: District, tmp_path: Path) -> None:
    db, tenant = district

    manifest = deidentify(db, tenant, Wanted("summary"), tmp_path / "copy")

    audited = audit_table([tmp_path / "copy" / "summary.csv"], Rule(10))
    assert audited.findings == []
    assert audited.suppressed == manifest.summary_hidden
    assert audited.sums > 5


def test_a_copy_is_noted_without_its_secret(district: District, tmp_path: Path) -> None:
    db, tenant = district
    deidentify(db, tenant, Wanted("noted"), tmp_path / "copy")
    project = db.scalars(select(ResearchProject).where(ResearchProject.name == "noted")).one()
    (kept,) = db.scalars(select(ResearchCopy).where(ResearchCopy.project_id == project.project_id))

    audited = db.execute(
        text("SELECT table_name, changes::text FROM audit_writes WHERE table_name ~ '^research_'")
    ).all()

    assert kept.manifest["k"] == kept.k >= 5
    assert {row.table_name for row in audited} == {"research_projects", "research_copies"}
    for secret in (project.secret, secret_of(db, "noted")):
        assert not any(secret.hex() in (row.changes or "") for row in audited)
