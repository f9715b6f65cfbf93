"""What was done with the database is remembered: how it ended, and whether its process was killed."""

import subprocess
import sys

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from rollbook.core.errors import Unavailable
from rollbook.ops.runs import last_done, last_runs, noted
from rollbook.testing.databases import Database


class BackupFull(Unavailable):
    """The folder {folder} is full."""


def test_what_was_done_is_remembered_with_its_figures(fresh_database: Database, app: Engine) -> None:
    with noted(fresh_database.owner_url, "backup.create") as run, Session(app) as db:
        run.facts["bytes"] = 42
        assert [(seen.run_id, seen.outcome) for seen in last_runs(db)] == [(run.run_id, "running")]
    with Session(app) as db:
        (seen,) = last_runs(db, ["backup.create"])
        assert (seen.outcome, seen.facts) == ("done", {"bytes": 42})
        assert seen.ended_at is not None
        assert seen.began_at < seen.ended_at
        assert last_done(db) == {"backup.create": seen}
        assert last_runs(db, ["backup.drill"]) == []


@pytest.mark.parametrize(
    ("error", "kept"),
    [(BackupFull(folder="/mnt"), "The folder /mnt is full."), (ValueError("Ada failed"), "ValueError")],
)
def test_a_failure_is_remembered_without_quoting_rows(
    fresh_database: Database, app: Engine, error: Exception, kept: str
) -> None:
    with pytest.raises(type(error)):
        _fail(fresh_database.owner_url, error)
    with Session(app) as db:
        (seen,) = last_runs(db)
        assert (seen.outcome, seen.facts) == ("failed", {"files": 3, "error": kept})
        assert last_done(db) == {}


def test_findings_are_no_clean_end(fresh_database: Database, app: Engine) -> None:
    with noted(fresh_database.owner_url, "health") as run:
        run.has_findings = True
    with Session(app) as db:
        assert [seen.outcome for seen in last_runs(db)] == ["findings"]


def test_a_killed_run_is_told_from_one_at_work(fresh_database: Database, app: Engine) -> None:
    killed = (
        "import os, signal\nfrom rollbook.ops.runs import noted\n"
        f"with noted({fresh_database.owner_url!r}, 'archive.run'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode < 0
    with noted(fresh_database.owner_url, "backup.drill"), Session(app) as db:
        _wait_until_alone(db)
        assert [(run.verb, run.outcome) for run in last_runs(db)] == [
            ("backup.drill", "running"),
            ("archive.run", "abandoned"),
        ]


def test_the_app_only_reads_it(app: Engine) -> None:
    with Session(app) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(text("INSERT INTO operations.runs (verb) VALUES ('backup.drill')"))


def _fail(owner_url: str, error: Exception) -> None:
    with noted(owner_url, "backup.create") as run:
        run.facts["files"] = 3
        raise error


def _wait_until_alone(db: Session) -> None:
    """Wait until the server has noticed that a killed client is gone."""
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    while db.execute(held).scalar_one() > 1:
        db.rollback()
