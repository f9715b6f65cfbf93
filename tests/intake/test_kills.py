"""An import that is killed a hundred times, at whatever instant: nothing is lost, nothing is there twice."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import make_url

from intake.school import District, Drop
from rollbook.core.database import engine_for
from rollbook.intake.receipts import LOST, list_imports
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing.databases import Database, TestServer

KILLS: Final = 100
PUPILS: Final = 400
# Says that it is ready, and imports the drop that it is then told.
CHILD: Final = """
import sys
from pathlib import Path
from intake.school import District
from rollbook.core.database import engine_for

district = District(sys.argv[1])
engine_for(sys.argv[1], statement_timeout_s=0).connect().close()
print("ready", flush=True)
district.bring(Path(sys.stdin.readline().strip()), accept_shrink={"students"})
"""
CONTENT: Final = (
    "SELECT student_number, last_name, grade_level, economic_status FROM students ORDER BY 1",
    "SELECT student_id, entry_on, exit_on FROM student_school_enrollments ORDER BY 1, 2",
    "SELECT student_id, date, status FROM attendance_records ORDER BY 1, 2",
)


def large(folder: Path, name: str, mark: str) -> Path:
    """Write a drop of many pupils, all called ``name`` and all ``mark`` on a few days."""
    drop = Drop(folder)
    numbers = range(1000, 1000 + PUPILS)
    drop.add("students.csv", *(f"{n},{name},{n % 13},paid," for n in numbers))
    drop.add("enrollments.csv", *(f"{n},OAK,2025-09-01" for n in numbers))
    days = ("2025-09-02", "2025-10-01", "2025-11-03", f"2025-12-{len(name):02d}")
    drop.add("marks.csv", *(f"{n},{day},{mark}" for n in numbers for day in days))
    return drop.write()


def content(district: District) -> list[list[tuple[object, ...]]]:
    return [district.rows(query) for query in CONTENT]


def start(database: Database) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline().strip() == "ready"
    return child


def wait_until_gone(server: TestServer, database: Database) -> None:
    """Wait until the server has noticed that its client died; ours are closed first."""
    engine_for(database.url, statement_timeout_s=0).dispose()
    with connect_as_superuser(server.settings) as db:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'rollbook'"
        while db.execute(query, [make_url(database.url).database]).fetchall() != [(0,)]:
            time.sleep(0.02)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_and_double_nothing(
    rollbook_server: TestServer, fresh_database: Database, district: District, tmp_path: Path
) -> None:
    chance = random.Random(20261121)
    drops = [large(tmp_path / "a", "Ada", "present"), large(tmp_path / "bb", "Ben", "absent")]
    states = []
    for drop in (*drops, drops[0]):
        began = time.monotonic()
        district.bring(drop, accept_shrink={"students"})
        longest = time.monotonic() - began
        states.append(content(district))
    assert states[0] == states[2] != states[1]

    written = 0
    for kill in range(KILLS):
        before = states.index(content(district))
        with start(fresh_database) as child:
            assert child.stdin
            child.stdin.write(f"{drops[1 - before]}\n")
            child.stdin.flush()
            time.sleep(chance.random() * longest * 1.5)
            child.kill()
        wait_until_gone(rollbook_server, fresh_database)
        now = content(district)
        assert now in states[:2], f"kill {kill} left something in between"
        written += states.index(now) != before

    assert 0 < written < KILLS, "some were killed before the end, some after"
    assert district.bring(drops[1], accept_shrink={"students"}).rejected == 0
    assert content(district) == states[1]
    with district.session() as db:
        told = {receipt.state for receipt in list_imports(db, 1000)}
    assert told == {"done", LOST}
