"""On PostgreSQL 15 months go and come back as on 18."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from core.rings import ring_at
from ops.archived import APRIL, TABLE, fill
from ops.real_server import settings_of
from rollbook.core.database import close_engines
from rollbook.ops import migrate, server
from rollbook.ops.archive import restoring, running
from rollbook.testing.databases import Database

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not PROGRAMS.exists(), reason="needs PostgreSQL 15 (Debian: postgresql-15)")
def test_months_go_and_come_back_on_postgresql_15(open_folder: Path, tmp_path: Path) -> None:
    settings = settings_of(open_folder / "home", database_bin=PROGRAMS)
    status = server.up(settings, durable=False)
    assert status.version.startswith("15")
    migrate.upgrade(status.owner_url)
    with ring_at(tmp_path / "keyring.json"):
        app = create_engine(status.url)
        world = fill(Database(status.url, status.owner_url), app, tmp_path)
        before = world.rows()
        done = running.run(world.keeping, table=TABLE, before=APRIL)
        whole = world.whole("oak")
        for one in done:
            restoring.restore(world.keeping, one.tenant_id, TABLE, one.month)
        after = world.rows()
        app.dispose()
        close_engines(status.owner_url)

    assert len(done) == 4
    assert whole == [[len(before["oak"])]]
    assert after == before
