"""`rollbook key`: made and shown once, listed, revoked."""

import json
import subprocess

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.accounts import keys
from rollbook.accounts.keys import Scope
from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing.databases import Database

EMAIL = "robot@oak.example"


def key(database: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "key", *arguments)


@pytest.fixture
def ours(fresh_database: Database) -> Database:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        add_user(db, tenant_id=tenant_id, email=EMAIL, full_name="R", role=Role.SERVICE, password=None)
    return fresh_database


def test_a_key_is_shown_once_listed_and_revoked(ours: Database) -> None:
    made = key(ours, "create", EMAIL, "--name", "timetable", "--scope", "read", "--days", "30", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    with Session(engine_for(ours.url)) as db, db.begin():
        assert keys.find_bearer(db, told["key"], Scope.READ).user.email == EMAIL

    listed = key(ours, "list", "--json")
    assert [row["prefix"] for row in json.loads(listed.stdout)] == [told["prefix"]]
    assert told["key"] not in listed.stdout
    assert "timetable" in key(ours, "list").stdout

    assert key(ours, "revoke", told["prefix"]).returncode == 0
    with Session(engine_for(ours.url)) as db, db.begin(), pytest.raises(keys.BearerInvalid):
        keys.find_bearer(db, told["key"], Scope.READ)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "nobody@oak.example", "--name", "x"), "no such user"),
        (("create", EMAIL, "--name", "x", "--days", "366"), "1 to 365 days"),
        (("revoke", "rbk_00000000"), "no key that begins with 'rbk_00000000'"),
    ],
)
def test_what_cannot_be_says_why(ours: Database, arguments: tuple[str, ...], sentence: str) -> None:
    refused = key(ours, *arguments)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert sentence in refused.stderr
