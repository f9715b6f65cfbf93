"""`rollbook health` and `rollbook monitor`: what they say, and what one part that fails costs."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.checks import Checked, State
from rollbook.core.database import engine_for
from rollbook.core.errors import Unavailable
from rollbook.core.progress import Silent
from rollbook.ops.server import ServerStatus
from rollbook.reporting.health import SECTIONS, Place, Section, check_up, last_check_up, look_at_sections
from rollbook.testing.databases import Database, TestServer

# Says nothing where there is no replica.
SILENT = {"replicas"}


class VaultGone(Unavailable):
    """The vault does not answer."""


@pytest.fixture
def status(rollbook_server: TestServer, database: Database) -> ServerStatus:
    return replace(rollbook_server.status, url=database.url, owner_url=database.owner_url)


def test_a_server_that_answers_is_well(database: Database) -> None:
    done = rollbook(database, "health", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["state"] == "fine"
    assert [one["name"] for one in told["checks"]] == ["alive", "schema"]


def test_a_server_that_does_not_is_a_finding() -> None:
    nowhere = Database("postgresql://x:y@127.0.0.1:1/z", "postgresql://x:y@127.0.0.1:1/z")

    done = rollbook(nowhere, "health", "--deep")

    assert done.returncode == 3
    assert "PostgreSQL does not answer." in done.stdout
    assert "To mend alive: rollbook up" in done.stdout


def test_a_deep_look_names_what_to_do_and_can_be_noted(fresh_database: Database) -> None:
    deep = rollbook(fresh_database, "health", "--deep", "--json")
    with Session(engine_for(fresh_database.url)) as db:
        assert last_check_up(db) is None, "only --note writes"
    noted = rollbook(fresh_database, "health", "--note")

    assert (deep.returncode, noted.returncode) == (3, 3)
    checks = {(one["section"], one["name"]): one for one in json.loads(deep.stdout)["checks"]}
    assert checks["server", "durability"]["state"] == "wrong"
    assert {section for section, _ in checks} == {section.name for section in SECTIONS} - SILENT
    assert "To mend durability: ALTER SYSTEM RESET fsync" in noted.stdout
    with Session(engine_for(fresh_database.url)) as db:
        _, found = last_check_up(db) or (None, [])
    assert {(one.section, one.checked.name) for one in found} == set(checks)


def test_one_part_that_fails_costs_no_other(status: ServerStatus) -> None:
    def fail(_: Place) -> list[Checked]:
        raise VaultGone

    def ask(at: Place) -> list[Checked]:
        at.db.connection().exec_driver_sql("SELECT no_such_column FROM tenants")
        return []

    def dial(_: Place) -> list[Checked]:
        psycopg.connect("postgresql://x:secret@127.0.0.1:1/z")
        return []

    def read(_: Place) -> list[Checked]:
        Path("/no/such/file").read_bytes()
        return []

    planted = [
        Section("vault", fail),
        Section("asks", ask),
        Section("dials", dial),
        Section("reads", read),
        *SECTIONS,
    ]
    found = {(one.section, one.checked.name): one.checked for one in look_at_sections(status, planted)}

    assert found["vault", "vault"].sentence == "This could not be looked at: The vault does not answer."
    assert found["asks", "asks"].sentence == (
        "This could not be looked at: a column that it reads is not there."
    )
    assert found["vault", "vault"].state is found["asks", "asks"].state is State.WARNING
    assert found["dials", "dials"].sentence == (
        "This could not be looked at: PostgreSQL said OperationalError (no state)."
    )
    assert found["reads", "reads"].sentence == "This could not be looked at: no such file or directory."
    assert ("roles", "walls") in found
    assert ("server", "wraparound") in found


def test_what_needs_the_newest_schema_is_left_out_on_an_older_one(status: ServerStatus) -> None:
    sections = {one.section for one in look_at_sections(status, SECTIONS, with_schema=False)}

    assert sections == {section.name for section in SECTIONS if section.on_any_schema} - SILENT


def test_a_check_up_keeps_what_was_found(rollbook_server: TestServer, fresh_database: Database) -> None:
    status = replace(rollbook_server.status, url=fresh_database.url, owner_url=fresh_database.owner_url)

    engine = engine_for(fresh_database.owner_url)
    with engine.begin() as db:
        db.execute(
            text("INSERT INTO operations.runs (verb, began_at) VALUES ('health', now() - interval '31 days')")
        )
    found = check_up(status, Silent())
    with engine.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM operations.runs WHERE verb = 'health'")) == 1, (
            "old ones go"
        )

    with Session(engine_for(fresh_database.url)) as db:
        at, kept = last_check_up(db) or (None, [])
    assert at is not None
    assert kept == found


def test_the_monitor_shows_one_frame_and_reads_only(database: Database) -> None:
    frame = rollbook(database, "monitor", "--once", COLUMNS="120")
    told = json.loads(rollbook(database, "monitor", "--json").stdout)

    assert frame.returncode == 0, frame.stderr
    assert "PostgreSQL 18" in frame.stdout
    assert "connections" in frame.stdout
    assert "wrong: durability: fsync or full_page_writes is off" in frame.stdout
    assert told["lost"] == {}
    assert told["rows"]["server"][0]["role"] == "rollbook_owner"


@pytest.mark.parametrize("arguments", [("--every", "0.5"), ("--listen", "127.0.0.1:0", "--json")])
def test_the_monitor_goes_on_until_it_is_told_to_end(database: Database, arguments: tuple[str, ...]) -> None:
    urls = {"ROLLBOOK_DATABASE_URL": database.url, "ROLLBOOK_OWNER_URL": database.owner_url}
    with subprocess.Popen(
        [sys.executable, "-m", "rollbook.cli", "monitor", *arguments],
        env=os.environ | urls | {"COLUMNS": "120", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()

    assert first.strip()
    assert process.returncode == 0, error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("address", "said"),
    [("0.0.0.0:0", "Set ROLLBOOK_METRICS_TOKEN"), ("9187", "Write HOST:PORT"), ("127.0.0.1:x", "HOST:PORT")],
)
def test_the_monitor_does_not_tell_everybody(database: Database, address: str, said: str) -> None:
    done = rollbook(database, "monitor", "--listen", address)

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
