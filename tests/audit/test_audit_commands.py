"""`rollbook audit`: its answers, its exit codes, and that a command is itself in the log."""

import json
import subprocess
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database) -> Run:
    """Write one student who has a grade, and return what runs a command."""
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        student = make.create_student(db, name="Ada Byron", number="S1")
        section = make.create_section(db, course=make.create_course(db, credits=1))
        make.enroll_in_course(db, student, section)
        make.record_course_grade(
            db, student, section, make.create_session(db), "A", credits_earned=1, credits_attempted=1
        )
    close_engines(fresh_database.url)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, *arguments)

    return command


def test_a_seals_hash_is_found_again(run: Run) -> None:
    before = run("audit", "verify")
    sealed = json.loads(run("audit", "seal", "--json").stdout)
    verified = run("audit", "verify", "--expect", sealed["hash"], "--json")

    assert before.returncode == 0
    assert "under 0 seals" in before.stdout
    assert len(sealed["hash"]) == 64
    assert verified.returncode == 0
    found = json.loads(verified.stdout)
    assert (found["findings"], found["unsealed"]) == ([], 0)
    assert run("audit", "verify", "--expect", "00" * 32).returncode == 3
    assert run("audit", "verify", "--expect", "00").returncode == 1


def test_verify_ends_with_3_where_something_was_tampered_with(run: Run, fresh_database: Database) -> None:
    assert sealed_hash(run) in run("audit", "seal").stdout
    with engine_for(fresh_database.owner_url).begin() as owner:
        owner.execute(text("ALTER TABLE audit_writes NO FORCE ROW LEVEL SECURITY"))
        owner.execute(text("UPDATE audit_writes SET who = 'x' WHERE table_name = 'students'"))

    answer = run("audit", "verify")

    assert answer.returncode == 3
    assert "A row was edited." in answer.stdout
    assert "1 finding in" in answer.stdout


def sealed_hash(run: Run) -> str:
    return str(json.loads(run("audit", "seal", "--json").stdout)["hash"])


def test_writes_are_listed_with_who_and_why(run: Run) -> None:
    assert run("attendance", "rule", "--chronic-rate", "0.2").returncode == 0

    (written,) = json.loads(run("audit", "writes", "--table", "attendance_rules", "--json").stdout)

    assert written["purpose"] == "rollbook attendance rule"
    assert written["who"] not in ("", "rollbook_app")
    assert len(written["request_id"]) == 12
    assert "attendance_rules" in run("audit", "writes").stdout


def test_a_command_that_lists_students_is_in_the_log_of_each(run: Run) -> None:
    assert run("grades", "scale", "standard").returncode == 0
    assert json.loads(run("audit", "disclosures", "S1", "--json").stdout) == []
    assert "Byron" in run("grades", "gpa").stdout

    (shown,) = json.loads(run("audit", "disclosures", "S1", "--json").stdout)
    unknown = run("audit", "disclosures", "S2")

    assert shown["what"] == "rollbook grades gpa"
    assert shown["interest"] == "administrator of the district's records"
    assert unknown.returncode == 1


def test_the_values_in_the_log_of_writes_are_no_way_past_the_log_of_disclosures(
    run: Run, fresh_database: Database
) -> None:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        db.execute(text("UPDATE students SET birth_date = '2011-02-03'"))
    close_engines(fresh_database.url)
    assert "2011-02-03" not in run("audit", "writes", "--table", "students").stdout
    assert json.loads(run("audit", "disclosures", "S1", "--json").stdout) == []

    assert "2011-02-03" in run("audit", "writes", "--table", "students", "--json").stdout

    (shown,) = json.loads(run("audit", "disclosures", "S1", "--json").stdout)
    assert shown["what"] == "rollbook audit writes"


def test_an_export_is_in_the_log_of_everybody(run: Run, tmp_path: pytest.TempPathFactory) -> None:
    answer = run("export", "oneroster", f"{tmp_path}/oak.zip")
    assert answer.returncode == 0, answer.stderr

    (shown,) = json.loads(run("audit", "disclosures", "S1", "--json").stdout)

    assert shown["what"] == "rollbook export oneroster"
