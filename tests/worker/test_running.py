"""Workers as processes: each job once, ended after the one in hand, again after a kill, said in words."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.ops.jobs import health, listing
from rollbook.ops.jobs.errors import JobUnknown, ScheduleUnknown
from rollbook.testing.databases import Database
from rollbook.worker import performing
from worker.planted import NAMES, SCHEDULES, TABLES, defer, wait_until, worker

LEFT = "SELECT count(*) FROM operations.procrastinate_jobs WHERE status IN ('todo', 'doing')"
WELL_ENDED = "SELECT facts->>'job' FROM operations.runs WHERE verb LIKE 'worker.%' AND outcome = 'done'"
KILLS = 20


@pytest.fixture
def url(fresh_database: Database) -> str:
    return fresh_database.owner_url


@pytest.fixture
def db(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(TABLES)
        yield db


def moved(db: psycopg.Connection) -> list[tuple[str, int]]:
    return [(str(job), int(pid)) for job, pid in db.execute("SELECT job_id, pid FROM moved")]


def logged(log: Path, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in (log.read_text() if log.exists() else ""):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def test_two_workers_share_jobs_and_each_is_done_once(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with worker(url, logs[0]) as one, worker(url, logs[1]) as two:
        for log in logs:
            logged(log, "takes jobs")
        defer(url, NAMES * 5)
        wait_until(db, LEFT, 0)
        done = moved(db)

        assert len(done) == len({job for job, _ in done}) == 20
        assert {pid for _, pid in done} == {one.pid, two.pid}
        assert sorted(job for (job,) in db.execute(WELL_ENDED)) == sorted(job for job, _ in done)
        assert [f.sentence for f in health.look_over(Session(engine_for(url)))] == ["A worker runs."]


def test_sigterm_ends_a_worker_after_the_job_in_hand(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    defer(url, ["wait", "move-a"])
    with worker(url, log) as process:
        wait_until(db, "SELECT count(*) FROM begun", 1)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        log.with_suffix(".go").touch()

        assert process.wait(timeout=60) == 0
    states = db.execute("SELECT task_name, status::text FROM operations.procrastinate_jobs ORDER BY id")
    assert states.fetchall() == [("wait", "succeeded"), ("move-a", "todo")]
    assert db.execute("SELECT count(*) FROM operations.procrastinate_workers").fetchone() == (0,)


def test_what_fails_is_said_in_words_without_quoting_rows(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    defer(url, ["refuse", "lack", "find"])
    with worker(url, log, until_idle=True) as process:
        assert process.wait(timeout=60) == 0
    with Session(engine_for(url)) as session, session.begin():
        told = {job.name: job for job in listing.list_jobs(session)}
        (failed,) = listing.list_jobs(session, ["failed"])
        listing.retry(session, failed.job_id)
        with pytest.raises(JobUnknown):
            listing.retry(session, told["find"].job_id)
    outcomes = [*db.execute("SELECT verb, outcome FROM operations.runs ORDER BY began_at")]

    assert (told["refuse"].state, told["refuse"].error) == ("failed", "ValueError")
    assert (told["lack"].state, told["lack"].error) == ("todo", "The disk is gone.")
    assert told["lack"].retry_at is not None, "what may pass by itself is tried again"
    assert outcomes == [("worker.refuse", "failed"), ("worker.lack", "failed"), ("worker.find", "findings")]
    assert "lack: failed after" in log.read_text()
    assert "Ada" not in log.read_text()
    assert db.execute(
        "SELECT status::text FROM operations.procrastinate_jobs WHERE id = %s", [failed.job_id]
    ).fetchone() == ("todo",)


def test_a_missed_schedule_is_made_up_for_once_by_two_workers(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    db.execute(
        "INSERT INTO operations.schedules (name, cron, since) VALUES ('find', '* * * * *', '2026-01-01')"
    )
    with (
        worker(url, tmp_path / "one", until_idle=True) as one,
        worker(url, tmp_path / "two", until_idle=True) as two,
    ):
        assert (one.wait(timeout=60), two.wait(timeout=60)) == (0, 0)
    runs = db.execute("SELECT count(*), count(DISTINCT facts->>'job') FROM operations.runs").fetchone()

    assert runs is not None
    assert runs[0] == runs[1], "each job ran once"
    assert runs[0] in {1, 2}, "one for what was missed; another if a minute passed meanwhile"


def test_a_job_is_done_by_hand_and_noted(db: psycopg.Connection, url: str) -> None:
    done = performing.run_now(url, SCHEDULES, "find")

    assert (done.has_findings, done.facts) == (True, {"seen": 7})
    assert db.execute("SELECT verb, outcome FROM operations.runs").fetchall() == [("worker.find", "findings")]
    with pytest.raises(ScheduleUnknown):
        performing.run_now(url, SCHEDULES, "fnd")


def test_a_silent_worker_is_noticed(db: psycopg.Connection, url: str) -> None:
    with Session(engine_for(url)) as session:
        assert [found.state for found in health.look_over(session)] == ["fine"]
        db.execute(
            "INSERT INTO operations.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
        )
        db.execute(
            "INSERT INTO operations.procrastinate_jobs (queue_name, task_name, status)"
            " VALUES ('rollbook', 'find', 'failed')"
        )
        assert [found.name for found in health.look_over(session) if found.state == "warning"] == [
            "worker",
            "jobs",
        ]


DEAF = """
CREATE FUNCTION be_deaf() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE 'nobody hears'; END$$;
CREATE TRIGGER deaf BEFORE UPDATE ON operations.procrastinate_jobs
FOR EACH ROW WHEN (new.status = 'succeeded') EXECUTE FUNCTION be_deaf();
"""


def test_a_job_whose_end_nobody_heard_of_is_not_under_way_for_ever(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    db.execute(DEAF)
    defer(url, ["move-a"])
    with worker(url, tmp_path / "log"):
        wait_until(db, "SELECT count(*) FROM operations.runs WHERE outcome = 'done'", 1)
        db.execute("DROP TRIGGER deaf ON operations.procrastinate_jobs")
        wait_until(db, "SELECT status::text FROM operations.procrastinate_jobs", "succeeded")

    assert len(moved(db)) == 1, "done once"


def test_a_job_that_kills_its_workers_fails_in_the_end(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    defer(url, ["wait", "find"])
    db.execute(
        "UPDATE operations.procrastinate_jobs SET status = 'doing', attempts = 11 WHERE task_name = 'wait'"
    )
    with worker(url, tmp_path / "log", until_idle=True) as process:
        assert process.wait(timeout=60) == 0
    with Session(engine_for(url)) as session:
        (given_up,) = listing.list_jobs(session, ["failed"])

    assert (given_up.name, given_up.error) == ("wait", "Its worker died at it, time and again.")
    assert "its worker died at it again and again" in (tmp_path / "log").read_text()


def test_a_worker_that_cannot_look_for_what_is_due_ends(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    with worker(url, tmp_path / "log") as process:
        logged(tmp_path / "log", "takes jobs")
        db.execute("UPDATE operations.schedules SET cron = 'by hand' WHERE name = 'find'")

        assert process.wait(timeout=60) != 0
        assert db.execute("SELECT count(*) FROM operations.procrastinate_workers").fetchone() == (0,)


def test_what_hangs_and_what_waits_too_long_is_noticed(db: psycopg.Connection, url: str) -> None:
    defer(url, ["wait", "find"])
    db.execute("INSERT INTO operations.procrastinate_workers (last_heartbeat) VALUES (now())")
    db.execute("UPDATE operations.procrastinate_jobs SET status = 'doing' WHERE task_name = 'wait'")
    with Session(engine_for(url)) as session:
        assert [found.name for found in health.look_over(session)] == ["worker"]
        db.execute("UPDATE operations.procrastinate_events SET at = at - interval '13 hours'")
        found = {one.name: one for one in health.look_over(session)}

    assert set(found) == {"worker", "job-hangs", "jobs-wait"}
    assert "wait (job 1) for 13 hours" in found["job-hangs"].sentence
    assert "1 job is due, and not begun: find for 13 hours" in found["jobs-wait"].sentence


@pytest.mark.slow
def test_killed_at_any_moment_no_job_is_lost_and_none_is_doubled(
    db: psycopg.Connection, url: str, tmp_path: Path
) -> None:
    dice = random.Random(5)
    defer(url, NAMES * 10)
    for _ in range(KILLS):
        with worker(url, tmp_path / "log") as process:
            logged(tmp_path / "log", "takes jobs")
            time.sleep(dice.uniform(0, 1.5))
            os.kill(process.pid, signal.SIGKILL)
        (tmp_path / "log").unlink()
    with worker(url, tmp_path / "log"):
        wait_until(db, LEFT, 0)
    done = moved(db)

    assert len(done) == len({job for job, _ in done}) == 40
    assert Counter(job for (job,) in db.execute(WELL_ENDED)) == dict.fromkeys((job for job, _ in done), 1)
    assert db.execute("SELECT count(*) FROM waiting").fetchone() == (0,)
    assert db.execute("SELECT DISTINCT status::text FROM operations.procrastinate_jobs").fetchall() == [
        ("succeeded",)
    ]
