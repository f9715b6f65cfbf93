"""What a test on real PostgreSQL costs, beside SQLite in memory. See docs/decisions/0001."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, Table, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from rollbook.core.settings import Settings
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.migrations.registry import metadata
from rollbook.ops import server
from rollbook.testing.databases import Database, TestServer

ROUNDS = 20


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-tests-") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home", database_url=None, owner_url=None, database_port=None)
        try:
            figures = postgresql(settings) + sqlite()
        finally:
            server.down(settings)
    note = (
        f"Medians of {ROUNDS}. The server for tests runs without fsync, in a temporary folder; a test either"
        " has a transaction that is rolled back, or a database copied from a migrated template."
    )
    print(json.dumps({"name": "A database for a test", "note": note, "figures": figures}))


def postgresql(settings: Settings) -> list[dict[str, object]]:
    made = seconds(lambda: server.up(settings, durable=False))
    server.down(settings)
    started = seconds(lambda: server.up(settings, durable=False))
    test_server = TestServer(settings, server.status(settings))
    migrated = seconds(test_server.make_template)
    copied = [seconds_to_copy(test_server) for _ in range(ROUNDS)]
    with test_server.database() as database:
        rolled_back = transactions(database)
    return [
        figure("PostgreSQL made and started, once per run", made, "s"),
        figure("PostgreSQL started again", started, "s"),
        figure(f"schema of {len(metadata.tables)} tables by the migrations, once per run", migrated, "s"),
        figure("database copied from the template", median(copied) * 1000, "ms"),
        figure("transaction in a tenant of its own, rolled back", median(rolled_back) * 1000, "ms"),
    ]


def seconds_to_copy(test_server: TestServer) -> float:
    begin = time.perf_counter()
    with test_server.database():
        return time.perf_counter() - begin


def transactions(database: Database) -> list[float]:
    engine = create_engine(database.url)

    def one() -> None:
        with Session(engine) as db:
            look_through(db, Visibility(ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id))
            db.rollback()

    taken = [seconds(one) for _ in range(ROUNDS)]
    engine.dispose()
    return taken


def sqlite() -> list[dict[str, object]]:
    taken = [seconds(tables_that_sqlite_refuses) for _ in range(ROUNDS)]
    return [
        figure("SQLite in memory, the tables that it takes", median(taken) * 1000, "ms"),
        figure("tables that SQLite refuses", len(tables_that_sqlite_refuses()), f"of {len(metadata.tables)}"),
    ]


def tables_that_sqlite_refuses() -> list[Table]:
    engine = create_engine("sqlite://")
    refused = [table for table in metadata.sorted_tables if not is_taken(table, engine)]
    engine.dispose()
    return refused


def is_taken(table: Table, engine: Engine) -> bool:
    try:
        table.create(engine)
    except SQLAlchemyError:
        return False
    return True


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    main()
