"""The role for backups of somebody else's server: it makes every kind of them, and can change nothing."""

import json
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from ops.real_server import admin, run_rollbook, settings_of
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.backup_role import ensure_backup_role
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.migrate import upgrade


@pytest.fixture
def theirs(running: Settings, open_folder: Path) -> Settings:
    """Settings that name the running server as somebody else's, by its superuser."""
    password = home_of(running).passwords("embedded")["postgres"]
    url = f"postgresql://postgres:{password}@127.0.0.1:{server.status(running).port}/rollbook"
    return settings_of(open_folder / "ours", database_url=SecretStr(url))


@pytest.fixture
def environment(running: Settings, theirs: Settings) -> dict[str, str]:
    """What a process knows that makes backups: no superuser."""
    made, status = ensure_backup_role(theirs), server.status(running)
    assert made.url is not None
    upgrade(status.owner_url)
    return {
        "ROLLBOOK_DATABASE_URL": status.url,
        "ROLLBOOK_OWNER_URL": status.owner_url,
        "ROLLBOOK_BACKUP_DATABASE_URL": made.url,
    }


def test_it_makes_and_proves_backups(
    environment: dict[str, str], theirs: Settings, running: Settings
) -> None:
    def do(*words: str) -> str:
        done = run_rollbook(*words, home=theirs.home, environment=environment)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    do("backup", "create", "--base")
    do("backup", "create", "--incremental")
    do("backup", "point", "before-import")
    assert json.loads(do("backup", "drill", "--json"))["not_compared"] is None
    do("backup", "create", "--full")
    # its rights are in no dump: that can be restored where there is no such role
    for database in ("rollbook", "postgres"):
        with connect_as_superuser(running, database) as db:
            db.execute("DROP OWNED BY rollbook_backup")
    with admin(running) as db:
        db.execute("DROP ROLE rollbook_backup")
    repository = {
        "ROLLBOOK_BACKUP_URL": str(theirs.home / "backups"),
        "ROLLBOOK_BACKUP_KEY_FILE": str(theirs.home / "backup.key"),
    }
    done = run_rollbook("backup", "restore", "latest", "--yes", home=running.home, environment=repository)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_changes_nothing(environment: dict[str, str]) -> None:
    with psycopg.connect(environment["ROLLBOOK_BACKUP_DATABASE_URL"], autocommit=True) as db:
        assert db.execute("SELECT count(*) FROM students").fetchone() == (0,)
        for statement in (
            "INSERT INTO tenants (slug, name) VALUES ('x', 'x')",
            "DROP TABLE students",
            "ALTER ROLE rollbook_owner PASSWORD 'x'",
            "CREATE TABLE t (n int)",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT pg_read_binary_file('/etc/passwd', 0, 1, false)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement)


def test_a_role_of_that_name_that_is_not_ours_is_left_alone(running: Settings, theirs: Settings) -> None:
    with admin(running) as db:
        db.execute("CREATE ROLE rollbook_backup")

    assert ensure_backup_role(theirs).why_not == "a role of that name is somebody else's"


def test_again_it_is_the_same_one(theirs: Settings) -> None:
    first, again = ensure_backup_role(theirs), ensure_backup_role(theirs)

    assert (first.is_new, again.is_new, again.url) == (True, False, first.url)
