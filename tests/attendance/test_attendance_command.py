"""`rollbook attendance`: the list, the rule, what schools send."""

import csv
import io
import json
import subprocess

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database


def attendance(database: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "attendance", *arguments)


@pytest.fixture
def district(fresh_database: Database) -> Database:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant = ensure_tenant(db, "oak-valley", name="Oak Valley")
        look_through(db, Visibility(tenant.tenant_id))
        oak = make.create_school(db, code="OAK")
        make.create_calendar(db, oak, make.school_days(make.TERM_STARTS, 20))
        make.create_student(db, "UUPPPPPPPP", name="=Ada Byron", number="S1", school=oak)
        make.create_student(db, "UPPPPPPPPPPP", number="S2", school=oak)
    return fresh_database


def test_the_list_is_printed_as_a_table_json_and_csv(district: Database) -> None:
    table = attendance(district, "chronic")
    found = json.loads(attendance(district, "chronic", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(attendance(district, "chronic", "--csv").stdout)))

    assert table.returncode == 0, table.stderr
    assert "S1" in table.stdout
    assert "1 of 2 students are chronically absent from 2025-07-01 to 2025-09-26" in table.stderr
    assert [(s["student_number"], s["rate"]) for s in found["students"]] == [("S1", 0.2)]
    assert (found["as_of"], found["groups"][0]["students"]) == ("2025-09-26", 2)
    assert [(row["student_number"], row["days"]) for row in rows] == [("S1", "10")]
    assert rows[0]["name"].startswith("'="), "a spreadsheet does not run a name"


def test_the_rule_is_said_and_heeded(district: Database) -> None:
    before = json.loads(attendance(district, "rule", "--json").stdout)
    said = json.loads(
        attendance(district, "rule", "--chronic-rate", "0.05", "--minimum-days", "12", "--json").stdout
    )
    found = json.loads(attendance(district, "chronic", "--as-of", "2025-12-01", "--json").stdout)

    assert before == {"chronic_rate": 0.1, "minimum_days": 10}
    assert said == {"chronic_rate": 0.05, "minimum_days": 12}
    assert [s["student_number"] for s in found["students"]] == ["S2"]


@pytest.mark.parametrize(
    "wrong", [("--chronic-rate", "10"), ("--chronic-rate", "x"), ("--minimum-days", "0")]
)
def test_a_wrong_rule_fails_with_a_sentence(district: Database, wrong: tuple[str, str]) -> None:
    failed = attendance(district, "rule", *wrong)

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "lies between 0 and 1" in failed.stderr


def test_a_school_says_that_it_sends_exceptions(district: Database) -> None:
    said = attendance(district, "submission", "OAK", "--by-exception", "--through", "2025-09-26", "--json")
    found = json.loads(attendance(district, "chronic", "--json").stdout)
    unknown = attendance(district, "chronic", "--school", "ELM")

    assert json.loads(said.stdout)["submitted_through"] == "2025-09-26"
    assert [(s["student_number"], s["days"], s["missed"]) for s in found["students"]] == [("S1", 20, 2)]
    assert (unknown.returncode, "no school with the code 'ELM'" in unknown.stderr) == (1, True)
