"""The same seed gives the same bytes: every table of two databases, copied out, is equal."""

import hashlib
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from demo.districts import fill
from rollbook.core.database import engine_for
from rollbook.core.schema import Base
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing.databases import Database, TestServer

# How often versions were written, not what they say; and when the tenant itself was made.
NOT_DRAWN = {"history_id"}
# The audit says when, in which transaction and by whom the district was made: it is none of the district.
# Which days the kept totals cover follows from the calendar, which is alike for every seed.
NOT_TABLES = {"tenants", "audit_writes", "attendance_total_windows"}
YEARS = 2


def copied_out(database: Database, seed: int) -> dict[str, str]:
    """Make a district in ``database``; return a digest of each table as COPY gives it out, in key order."""
    engine = engine_for(database.url)
    with Session(engine) as db, db.begin():
        tenant = ensure_tenant(db, "district", name="District")
        look_through(db, Visibility(tenant.tenant_id))
        fill(db, tenant, 60, seed=seed, years=YEARS)
        tenant_id = tenant.tenant_id
    address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        connection.execute(
            "SELECT set_config('rollbook.tenant', %s, true), set_config('rollbook.scope', 'tenant', true)",
            [str(tenant_id)],
        )
        return dict(digests(connection))


def digests(connection: "psycopg.Connection[tuple[object, ...]]") -> Iterator[tuple[str, str]]:
    for table in Base.metadata.sorted_tables:
        if table.name in NOT_TABLES:
            continue
        columns = sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns if c.name not in NOT_DRAWN)
        query = sql.SQL("COPY (SELECT {0} FROM {1} ORDER BY ({0})) TO STDOUT").format(
            columns, sql.Identifier(table.name)
        )
        digest = hashlib.sha256()
        with connection.cursor().copy(query) as copy:
            for data in copy:
                digest.update(data)
        yield table.name, digest.hexdigest()


@pytest.mark.slow
def test_two_databases_hold_the_same_bytes(rollbook_server: TestServer) -> None:
    with rollbook_server.database() as one, rollbook_server.database() as two:
        first, again = copied_out(one, 7), copied_out(two, 7)
    with rollbook_server.database() as three:
        other = copied_out(three, 8)

    assert first == again
    empty = hashlib.sha256().hexdigest()
    filled = {table for table, digest in first.items() if digest != empty}
    assert {"students", "grades", "grades_history", "attendance_records", "guardians"} <= filled
    assert not [table for table in filled if first[table] == other[table]]
