"""`rollbook compat`: which schemas there are, and the address of one."""

import json
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from rollbook.core.database import engine_for
from rollbook.core.settings import settings
from rollbook.core.tenancy import ensure_tenant
from rollbook.exchange.compat.commands import SchemaUnknown, app
from rollbook.testing.databases import Database


@pytest.fixture
def run(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `rollbook compat` on a database of the test's own, with two tenants."""
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        for slug in ("elm", "oak"):
            ensure_tenant(db, slug, name=slug)
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", fresh_database.url)
    monkeypatch.setenv("ROLLBOOK_OWNER_URL", fresh_database.owner_url)
    settings.cache_clear()

    def command(*words: str) -> str:
        return CliRunner().invoke(app, words, catch_exceptions=False).stdout

    return command


def test_the_address_leads_to_the_tenants_rows_under_the_old_names(run: Callable[..., str]) -> None:
    for tenant, number in (("oak", "O1"), ("elm", "E1")):
        address = json.loads(run("url", "edupulse_v1", "--tenant", tenant, "--json"))["url"]
        with psycopg.connect(address) as db:
            db.execute(
                "INSERT INTO students (student_id, first_name, last_name) VALUES (%s, 'A', 'B')", [number]
            )
            assert db.execute("SELECT student_id FROM students").fetchall() == [(number,)]


def test_a_schema_that_is_not_there_is_named(run: Callable[..., str]) -> None:
    with pytest.raises(SchemaUnknown, match="edupluse"):
        run("url", "edupluse", "--tenant", "oak")


def test_what_only_shows_says_so(run: Callable[..., str]) -> None:
    listed = {(row["schema"], row["table"]): row["is_read_only"] for row in json.loads(run("list", "--json"))}

    assert listed["edupulse", "students"] is False
    assert listed["physics", "users"] is True
    assert listed["edupulse_v1", "student_risk_summary"] is True
