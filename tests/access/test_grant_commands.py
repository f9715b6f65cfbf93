"""`rollbook user grant`, `grants`, `end-grant` and `why`."""

import json

import pytest
from sqlalchemy.orm import Session

from access.test_user_commands import user
from commands import rollbook
from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

EMAIL = "rita@oak.example"


@pytest.fixture
def number(fresh_database: Database) -> str:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        add_user(db, tenant_id=tenant_id, email=EMAIL, full_name="Rita", role=Role.RESEARCHER, password=None)
        return make.create_student(db).student_number


def asked(database: Database, number: str) -> dict[str, object]:
    answer = user(database, "why", EMAIL, number, "--json")
    assert answer.returncode == 0, answer.stderr
    told: dict[str, object] = json.loads(answer.stdout)
    return told


def test_it_is_granted_told_why_and_taken_back(fresh_database: Database, number: str) -> None:
    assert asked(fresh_database, number)["sees"] is False
    given = user(fresh_database, "grant", EMAIL, "student", number, "--reason", "a study", "--json")
    assert given.returncode == 0, given.stderr
    grant_id = json.loads(given.stdout)["grant_id"]

    told = asked(fresh_database, number)
    assert told["sees"] is True
    assert "a study" in str(told["reasons"])
    assert "a study" in user(fresh_database, "why", EMAIL, number).stdout
    noted = rollbook(fresh_database, "audit", "disclosures", number, "--json")
    assert [one["what"] for one in json.loads(noted.stdout)][:3] == ["rollbook user why"] * 3
    assert "a study" in user(fresh_database, "grants", EMAIL).stdout

    assert user(fresh_database, "end-grant", EMAIL, grant_id).returncode == 0
    assert asked(fresh_database, number)["sees"] is False
    assert "sees  no" in user(fresh_database, "why", EMAIL, number).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("why", EMAIL, "NO"), 1, "no student with the number 'NO'"),
        (("why", "nobody@oak.example", "NO"), 1, "no such user"),
        (("grant", EMAIL, "school", "--reason", "a study"), 1, "Say which school"),
        (("grant", EMAIL, "planet", "x", "--reason", "a study"), 2, "planet"),
        (("grant", EMAIL, "tenant"), 2, "--reason"),
    ],
)
@pytest.mark.usefixtures("number")
def test_what_cannot_be_says_why(
    fresh_database: Database, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    refused = user(fresh_database, *arguments)

    assert (refused.returncode, refused.stdout) == (code, "")
    assert sentence in refused.stderr
