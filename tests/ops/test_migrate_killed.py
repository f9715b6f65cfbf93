"""kill -9 of a migration at any moment: the schema is at a whole revision, and the next run finishes."""

import random
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from building.everything import everything
from ops.real_server import clean_environment, rollbook_command
from rollbook.ops import migrate
from rollbook.testing.databases import Database, TestServer

KILLS = 20


def begin(database: Database, home: Path) -> subprocess.Popen[str]:
    """Start migrating; return when it is about to do the first step."""
    urls = {"ROLLBOOK_DATABASE_URL": database.url, "ROLLBOOK_OWNER_URL": database.owner_url}
    running = subprocess.Popen(
        rollbook_command("db", "migrate"),
        env=clean_environment(home) | urls,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert running.stderr.readline().startswith("Migrating the schema")
    return running


def wait_until_alone(url: str) -> None:
    """Wait until the server has noticed that its client is gone."""
    with psycopg.connect(url, autocommit=True) as db:
        while db.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone() != (0,):
            db.execute("SELECT pg_sleep(0.05)")


def schema(database: Database) -> set[str]:
    """Describe it, except whether values were encrypted already: that comes after the migrations."""
    facts = everything(database)
    return {one.removesuffix(" NOT VALID") if one.startswith("sealed_no_plain") else one for one in facts}


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_revision(rollbook_server: TestServer, tmp_path: Path) -> None:
    dice = random.Random()
    with ExitStack() as lent:
        databases = [lent.enter_context(rollbook_server.database(template=None)) for _ in range(KILLS + 2)]
        whole, reference, *killed = databases
        started = time.monotonic()
        assert begin(whole, tmp_path).communicate()[1].endswith("migrations applied.\n")
        lasts_s = time.monotonic() - started

        left: dict[str, set[str]] = {}
        for database in killed:
            running = begin(database, tmp_path)
            time.sleep(dice.uniform(0, lasts_s * 0.6))
            running.kill()
            running.communicate()
            wait_until_alone(database.owner_url)
            at = migrate.current(database.owner_url)
            found = schema(database)
            assert left.setdefault(at.id if at else "base", found) == found, "one revision, one schema"
            migrate.upgrade(database.owner_url)
            assert schema(database) == schema(whole)

        for step in migrate.pending(reference.owner_url):
            migrate.upgrade(reference.owner_url, step.id)
            if step.id in left:
                assert schema(reference) == left.pop(step.id), f"all of {step.id}, and no more"
        assert left.keys() <= {"base"}
