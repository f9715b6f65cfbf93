"""A database with a known workload: what is missing is known, and so is what only costs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import make_url

from rollbook.core.settings import Settings
from rollbook.ops import databases, server
from rollbook.ops.embedded import connect_as_superuser

ROWS: Final = 120_000
DEVICES: Final = 4_000
MAKE: Final = f"""
CREATE TABLE devices (
    tenant_id int NOT NULL, device_id int NOT NULL, name text NOT NULL, kind text NOT NULL,
    CONSTRAINT pk_devices PRIMARY KEY (tenant_id, device_id)
);
CREATE TABLE readings (
    tenant_id int NOT NULL, reading_id int NOT NULL, device_id int NOT NULL, at timestamptz NOT NULL,
    status text NOT NULL, value int NOT NULL, secret text NOT NULL,
    CONSTRAINT pk_readings PRIMARY KEY (tenant_id, reading_id),
    CONSTRAINT fk_readings_devices FOREIGN KEY (tenant_id, device_id) REFERENCES devices
) WITH (autovacuum_enabled = off);
CREATE TABLE visits (
    tenant_id int NOT NULL, visit_id int NOT NULL, device_id int NOT NULL, day date NOT NULL,
    CONSTRAINT pk_visits PRIMARY KEY (tenant_id, day, visit_id)
) PARTITION BY RANGE (day);
CREATE TABLE visits_2024 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO devices
SELECT 1, n, md5(n::text), (ARRAY['big', 'small'])[1 + n % 2] FROM generate_series(1, {DEVICES}) AS n;
INSERT INTO readings
SELECT 1, n, 1 + n::bigint * 7919 % {DEVICES},
    timestamptz '2025-01-01' + (n::bigint * 104729 % {ROWS}) * interval '1 minute',
    CASE WHEN n % 200 = 0 THEN 'broken' ELSE 'fine' END, n % 100, 'Ada ' || n % 50
FROM generate_series(1, {ROWS}) AS n;
INSERT INTO visits
SELECT 1, n, 1 + n::bigint * 7919 % {DEVICES}, date '2024-01-01' + n % 700
FROM generate_series(1, 40000) AS n;
CREATE INDEX ix_readings_value ON readings (value);
CREATE INDEX ix_readings_value_at ON readings (value, at);
CREATE INDEX ix_devices_kind ON devices (kind);
CREATE INDEX ix_devices_kind_again ON devices (kind);
CREATE INDEX ix_visits_device ON visits (tenant_id, device_id);
"""
WALL: Final = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON {table}
USING (tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int);
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO rollbook_app;
"""
BY_DEVICE: Final = "SELECT reading_id, value FROM readings WHERE device_id = %s"
BROKEN: Final = "SELECT count(*) FROM readings WHERE status = %s AND at >= %s"
LATEST: Final = "SELECT reading_id FROM readings ORDER BY at DESC LIMIT 20"
JOINED: Final = (
    "SELECT count(*) FROM devices INNER JOIN readings USING (tenant_id, device_id) WHERE devices.name = %s"
)
SUM: Final = "SELECT sum(value) FROM readings"
BY_KEY: Final = "SELECT value FROM readings WHERE reading_id = %s"


@dataclass(frozen=True, slots=True)
class Workshop:
    """A database on a test server. ``url`` is the app's, ``owner_url`` the owner's."""

    settings: Settings
    name: str

    @property
    def url(self) -> str:
        return self._at(server.status(self.settings).url)

    @property
    def owner_url(self) -> str:
        return self._at(server.status(self.settings).owner_url)

    def _at(self, url: str) -> str:
        return make_url(url).set(database=self.name).render_as_string(hide_password=False)

    def superuser(self) -> psycopg.Connection[Any]:
        return connect_as_superuser(self.settings, self.name)

    @contextmanager
    def app(self) -> Iterator[psycopg.Connection[Any]]:
        """Connect as the application does, within the walls of its tenant."""
        with psycopg.connect(self.url) as db:
            db.execute("SELECT set_config('rollbook.tenant', '1', true)")
            yield db

    def run(self, *queries: tuple[str, Sequence[object]], times: int = 5) -> None:
        with self.app() as db:
            for query, values in queries:
                for _ in range(times):
                    db.execute(query, values).fetchall()

    def forget(self) -> None:
        """Let the counters begin anew: those of the load are not of the workload."""
        with self.superuser() as db:
            db.execute("SELECT pg_stat_statements_reset(), pg_stat_reset()")


@contextmanager
def workshop(settings: Settings, name: str) -> Iterator[Workshop]:
    """Lend a database with rows, statistics and faults; it is dropped afterwards."""
    databases.create_database(settings, name)
    lent = Workshop(settings, name)
    try:
        with lent.superuser() as db:
            db.execute("CREATE EXTENSION pg_stat_statements")
            db.execute("SET ROLE rollbook_owner")
            db.execute(MAKE)
            for table in ("devices", "readings", "visits"):
                db.execute(WALL.format(table=table).encode())
            with suppress(psycopg.errors.UniqueViolation):  # it fails, and leaves an index that is not valid
                db.execute("CREATE UNIQUE INDEX CONCURRENTLY ux_readings_status ON readings (status)")
            db.execute("VACUUM ANALYZE")
        yield lent
    finally:
        databases.drop_database(settings, name)
