"""Schedules that tests plant, and a process that works on them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from rollbook.core.errors import Unavailable
from rollbook.ops.jobs.schedules import Schedule
from rollbook.ops.runs import Noted
from rollbook.worker import logs, running
from rollbook.worker.running import Pace

PACE = Pace(look_s=0.3, beat_s=0.2, dead_s=1.0, unheard_s=1.0)
NAMES = tuple(f"move-{letter}" for letter in "abcd")
TABLES = """
CREATE TABLE waiting (job_id text PRIMARY KEY);
CREATE TABLE moved (job_id text, pid int);
CREATE TABLE begun (job_id text);
"""
TESTS = Path(__file__).parents[1]


class DiskGone(Unavailable):
    """The disk is gone."""


def _url() -> str:
    return os.environ["PLANTED_URL"]


def move(run: Noted) -> None:
    """Move this job's row in one transaction that takes its time."""
    with psycopg.connect(_url()) as db:
        taken = db.execute("DELETE FROM waiting WHERE job_id = %s", [run.facts["job"]]).rowcount
        time.sleep(0.1)
        if taken:
            db.execute("INSERT INTO moved VALUES (%s, %s)", [run.facts["job"], os.getpid()])


def wait_for_file(run: Noted) -> None:
    with psycopg.connect(_url(), autocommit=True) as db:
        db.execute("INSERT INTO begun VALUES (%s)", [run.facts["job"]])
    while not Path(os.environ["PLANTED_FILE"]).exists():
        time.sleep(0.02)


def refuse(_run: Noted) -> None:
    raise ValueError("Ada Byron's mark")


def lack(_run: Noted) -> None:
    raise DiskGone


def find(run: Noted) -> None:
    run.has_findings = True
    run.facts["seen"] = 7


def schedule(name: str, function: str, cron: str = "0 0 1 1 *") -> Schedule:
    return Schedule(name, cron, "It is planted.", f"worker.planted:{function}")


SCHEDULES = {
    one.name: one
    for one in (
        *(schedule(name, "move") for name in NAMES),
        schedule("wait", "wait_for_file"),
        schedule("refuse", "refuse"),
        schedule("lack", "lack"),
        schedule("find", "find"),
    )
}


def defer(owner_url: str, names: Sequence[str]) -> None:
    """Give workers a job for each of ``names``, with a row to move."""
    app = running.make_app(running.Work(owner_url, SCHEDULES, PACE))
    with app.open(), psycopg.connect(owner_url) as db:
        for name in names:
            job_id = app.tasks[name].defer()
            db.execute("INSERT INTO waiting VALUES (%s)", [str(job_id)])
            db.commit()


@contextmanager
def worker(owner_url: str, log: Path, *, until_idle: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on the planted schedules in a process of its own; killed at the end if it still lives."""
    code = f"from worker.planted import work; work({owner_url!r}, until_idle={until_idle})"
    environment = os.environ | {
        "PYTHONPATH": str(TESTS),
        "PLANTED_URL": owner_url,
        "PLANTED_FILE": str(log.with_suffix(".go")),
    }
    with log.open("a") as file:
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def work(owner_url: str, *, until_idle: bool) -> None:
    """Work, quick to notice."""
    logs.log_to_stderr()
    running.run(owner_url, SCHEDULES, until_idle=until_idle, pace=PACE)


def wait_until(db: psycopg.Connection, query: str, expected: object) -> None:
    """Wait until ``query`` says ``expected``; a hang is ended by the test's own bound."""
    deadline = time.monotonic() + 120
    while (found := db.execute(query).fetchone()) != (expected,):
        assert time.monotonic() < deadline, f"{query}: {found}"
        time.sleep(0.02)
