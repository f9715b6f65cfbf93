import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session

from ops.real_server import clean_environment, rollbook_command, run_rollbook, settings_of
from rollbook.core.database import engine_for
from rollbook.core.settings import Settings
from rollbook.ops import migrate, server
from rollbook.ops.errors import (
    MigrationBusy,
    MigrationFailed,
    ResetUnnamed,
    RevisionUnknown,
    SchemaNewer,
)
from rollbook.ops.resetting import reset
from rollbook.ops.runs import last_runs


@pytest.fixture
def owner_url(running: Settings) -> str:
    return server.status(running).owner_url


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as db:
        return {
            str(name) for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        } - {"alembic_version"}


def test_up_down_and_up_again(owner_url: str) -> None:
    steps = migrate.pending(owner_url)
    assert migrate.current(owner_url) is None

    assert migrate.upgrade(owner_url) == steps
    made = tables(owner_url)
    assert {"tenants", "students", "predictions"} <= made
    assert migrate.current(owner_url) == steps[-1]
    assert migrate.upgrade(owner_url) == [], "nothing is left to do"

    assert migrate.downgrade(owner_url) == steps[-1:]
    assert migrate.downgrade(owner_url, "base") == steps[-2::-1]
    assert tables(owner_url) == set()

    assert migrate.upgrade(owner_url) == steps
    assert tables(owner_url) == made


def test_up_to_a_revision_stops_there(owner_url: str) -> None:
    first, second, *rest = migrate.pending(owner_url)
    assert migrate.upgrade(owner_url, second.id) == [first, second]
    assert migrate.pending(owner_url) == rest


@pytest.mark.parametrize("revision", ["no-such", "xx"])
def test_unknown_revision(owner_url: str, revision: str) -> None:
    with pytest.raises(RevisionUnknown, match=revision):
        migrate.upgrade(owner_url, revision)
    with pytest.raises(RevisionUnknown, match=revision):
        migrate.downgrade(owner_url, revision)


def test_a_failing_migration_is_named_and_those_before_it_stay(owner_url: str) -> None:
    with psycopg.connect(owner_url) as db:
        db.execute("CREATE TABLE predictions (mine text)")
    with pytest.raises(MigrationFailed, match=r"\d{8}_\d{4} \(.*\) failed: .*already exists"):
        migrate.upgrade(owner_url)
    left = migrate.pending(owner_url)
    assert left
    assert "students" in tables(owner_url)

    with psycopg.connect(owner_url) as db:
        db.execute("DROP TABLE predictions")
    assert migrate.upgrade(owner_url) == left


def test_a_schema_from_the_future_is_refused(owner_url: str) -> None:
    migrate.upgrade(owner_url)
    with psycopg.connect(owner_url) as db:
        db.execute("UPDATE alembic_version SET version_num = '29990101_0000'")
    for verb in (migrate.upgrade, migrate.pending, migrate.current):
        with pytest.raises(SchemaNewer, match="29990101_0000"):
            verb(owner_url)


def test_two_at_once_take_turns(running: Settings) -> None:
    both = [
        subprocess.Popen(
            rollbook_command("db", "migrate"),
            env=clean_environment(running.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert migrate.pending(server.status(running).owner_url) == []
    assert sorted("applied" in err for _, err in ends) == [False, True], ends


@pytest.fixture
def held(owner_url: str) -> Iterator[None]:
    with psycopg.connect(owner_url, autocommit=True) as db:
        db.execute("SELECT pg_advisory_lock(%s)", [migrate._LOCK])
        yield


@pytest.mark.usefixtures("held")
def test_waiting_too_long_is_said(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT_S", 0.2)
    with pytest.raises(MigrationBusy):
        migrate.upgrade(owner_url)


def test_the_lock_goes_with_its_migration(owner_url: str) -> None:
    migrate.upgrade(owner_url)
    with psycopg.connect(owner_url) as db:
        assert db.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


def test_commands_say_where_the_schema_is(running: Settings) -> None:
    before = run_rollbook("db", "status", home=running.home)
    assert before.returncode == 3, before.stderr
    assert "pending" in before.stdout

    dry = run_rollbook("db", "migrate", "--dry-run", home=running.home)
    assert (dry.returncode, tables(server.status(running).owner_url)) == (0, set())
    first = migrate.pending(server.status(running).owner_url)[0].id
    dry = run_rollbook("db", "migrate", "--dry-run", "--to", first, "--json", home=running.home)
    assert [step["id"] for step in json.loads(dry.stdout)] == [first]

    assert run_rollbook("db", "migrate", home=running.home).returncode == 0
    after = run_rollbook("db", "status", "--json", home=running.home)
    assert after.returncode == 0
    assert '"pending": []' in after.stdout


def test_down_asks_before_it_drops(running: Settings) -> None:
    run_rollbook("db", "migrate", home=running.home)
    refused = run_rollbook("db", "rollback", "--to", "base", home=running.home)
    assert refused.returncode == 1
    assert f"{migrate.newest()}  " in refused.stderr, "it says what it would take back"
    assert "'rollbook' at 127.0.0.1" in refused.stderr
    assert "students" in tables(server.status(running).owner_url)
    assert run_rollbook("db", "rollback", "--to", "base", "--yes", home=running.home).returncode == 0
    assert tables(server.status(running).owner_url) == set()


def test_rolling_back_so_many(running: Settings) -> None:
    url = server.status(running).owner_url
    steps = migrate.upgrade(url)
    done = run_rollbook("db", "rollback", "2", "--yes", "--json", home=running.home)
    assert [step["id"] for step in json.loads(done.stdout)] == [steps[-1].id, steps[-2].id]
    with pytest.raises(RevisionUnknown, match=f"only {len(steps) - 2} migrations are applied"):
        migrate.downgrade(url, "-1000")


def test_what_was_agreed_to_is_taken_back_and_no_more(owner_url: str) -> None:
    steps = migrate.upgrade(owner_url)
    back_to, undone = migrate.to_undo(owner_url)
    assert (back_to, undone) == (steps[-2].id, steps[-1:])
    migrate.downgrade(owner_url)  # somebody else was quicker

    assert migrate.downgrade(owner_url, back_to) == []
    assert migrate.current(owner_url) == steps[-2]
    with pytest.raises(RevisionUnknown, match="it is not applied"):
        migrate.to_undo(owner_url, steps[-1].id)


def test_forcing_asks_and_notes_a_revision_alone(running: Settings) -> None:
    url = server.status(running).owner_url
    steps = migrate.upgrade(url)
    before = tables(url)
    with psycopg.connect(url) as db:
        db.execute("UPDATE alembic_version SET version_num = '29990101_0000'")
    assert run_rollbook("db", "force", steps[-3].id, home=running.home).returncode == 1, "it asks"

    forced = run_rollbook("db", "force", steps[-3].id, "--yes", home=running.home)
    assert forced.returncode == 0, forced.stderr
    assert migrate.current(url) == steps[-3], "also from a revision that nobody knows"
    with pytest.raises(RevisionUnknown, match="no-such"):
        migrate.force(url, "no-such")
    assert migrate.force(url, "base") is None
    assert migrate.current(url) is None
    assert migrate.force(url, "head") == steps[-1]
    assert tables(url) == before
    with Session(engine_for(url)) as db:
        (run,) = last_runs(db, ["db.force"])
    assert (run.outcome, run.facts) == ("done", {"to": steps[-3].id})


def test_resetting_asks_and_leaves_an_empty_schema(running: Settings) -> None:
    url = server.status(running).owner_url
    migrate.upgrade(url)
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE scribbles (what text)")
    assert run_rollbook("db", "reset", home=running.home).returncode == 1, "it asks"
    assert "scribbles" in tables(url)

    with psycopg.connect(url):  # sessions are ended
        done = run_rollbook("db", "reset", "--yes", "--json", home=running.home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[-1]["id"] == migrate.newest()
    assert "scribbles" not in tables(url)
    assert "students" in tables(url)


def test_resetting_what_somebody_else_runs_wants_its_name(running: Settings, open_folder: Path) -> None:
    state = server.status(running)
    theirs = settings_of(
        open_folder / "ours", database_url=SecretStr(state.url), owner_url=SecretStr(state.owner_url)
    )
    migrate.upgrade(state.owner_url)
    with psycopg.connect(state.owner_url) as db:
        db.execute("CREATE TABLE theirs (what text)")
    for named in (None, "another"):
        with pytest.raises(ResetUnnamed, match="--database rollbook"):
            reset(theirs, database=named)
    assert migrate.pending(state.owner_url) == []

    assert reset(theirs, database="rollbook")[-1].id == migrate.newest()
    assert {"students", "theirs"} <= tables(state.owner_url), "what is not Rollbook's stays"


def test_migrating_needs_a_running_server(stopped: Settings) -> None:
    done = run_rollbook("db", "migrate", home=stopped.home)
    assert done.returncode == 1
    assert "rollbook up" in done.stderr


def test_up_brings_the_schema_up_to_date(stopped: Settings) -> None:
    done = run_rollbook("up", home=stopped.home)
    assert done.returncode == 0, done.stderr
    assert migrate.pending(server.status(stopped).owner_url) == []
    assert os.path.lexists(stopped.home / "data")
