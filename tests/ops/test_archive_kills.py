"""Whatever moment a run of the archive is killed in, no row is lost and none is doubled."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.archived import APRIL, TABLE, World, fill
from rollbook.ops.archive import restoring, running
from rollbook.ops.archive.catalog import owner
from rollbook.ops.archive.exporting import opened
from rollbook.testing.databases import Database

KILLS = 20
CHILD = """
import sys
from datetime import date
from pathlib import Path
from rollbook.ops.archive import running
from rollbook.ops.archive.rules import Keeping
from rollbook.ops.archive.store import Store
from rollbook.privacy.archiving import rules_of

print("ready", flush=True)
where = Keeping(sys.argv[1], Store(Path(sys.argv[2])), rules_of({}))
running.run(where, table="attendance_records", before=date(2019, 4, 1))
"""
HELD = "SELECT tenant_id, count(*), count(DISTINCT (student_id, date, period)) FROM {} GROUP BY tenant_id"


def everywhere(world: World) -> dict[str, int]:
    """Count each tenant's rows in the table, in months that are half taken out, and in the archive."""
    counts = {slug: rows[0][0] for slug, rows in world.rows(f"SELECT count(*) FROM {TABLE}").items()}
    slugs = {tenant_id: slug for slug, tenant_id in world.tenants.items()}
    with owner(world.keeping.owner_url) as db:
        left = db.execute(text("SELECT relation, month FROM operations.detached_months")).all()
    standing = set()
    for relation, month in left:
        with owner(world.keeping.owner_url) as db:
            attached = db.scalar(text(f"SELECT relispartition FROM pg_class WHERE relname = '{relation}'"))
            if attached is not False:
                pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = '{}'::regclass"
                if not db.scalar(text(pending.format(relation))):
                    continue
            standing.add(month)
            with opened(db, relation):
                for tenant_id, rows, distinct in db.execute(text(HELD.format(relation))):
                    assert rows == distinct
                    counts[slugs[tenant_id]] += rows
    for slug, rows in world.rows("SELECT month, row_count FROM archives").items():
        counts[slug] += sum(row.row_count for row in rows if row.month not in standing)
    return counts


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_loses_and_doubles_no_row(
    fresh_database: Database, app: Engine, ring: Path, tmp_path: Path
) -> None:
    assert ring.exists()
    world = fill(fresh_database, app, tmp_path, students=400)
    before, chance, lasted = world.rows(), random.Random(20), 4.0
    expected = {slug: len(rows) for slug, rows in before.items()}
    killed = 0
    for number in range(4 * KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, world.keeping.owner_url, str(world.keeping.store.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        assert child.stdout
        child.stdout.readline()
        began = time.monotonic()
        try:
            child.wait(chance.uniform(0, lasted))
            lasted = min(lasted, time.monotonic() - began)
        except subprocess.TimeoutExpired:
            child.kill()
            killed += 1
        child.communicate()
        _wait_until_alone(world)
        assert everywhere(world) == expected, f"after kill {killed}"
        if killed == KILLS:
            break
        if child.returncode == 0 or number % 5 == 4:
            _bring_back(world)
            assert world.rows() == before

    assert killed == KILLS
    running.run(world.keeping, table=TABLE, before=APRIL)
    assert world.whole("oak") == [[expected["oak"]]]
    _bring_back(world)
    assert world.rows() == before
    assert [path for path in world.keeping.store.folder.rglob("*") if path.is_file()] == []


def _bring_back(world: World) -> None:
    running.run(world.keeping, table=TABLE, before=APRIL)
    for slug, rows in world.rows("SELECT month FROM archives ORDER BY month").items():
        for row in rows:
            restoring.restore(world.keeping, world.tenants[slug], TABLE, row.month)


def _wait_until_alone(world: World) -> None:
    """Wait until the server has noticed that a killed client is gone, and has ended what it did."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND (state <> 'idle' OR pid IN"
        " (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))"
    )
    while True:
        with owner(world.keeping.owner_url) as db:
            if not db.scalar(text(others)):
                return
        time.sleep(0.05)
