"""Queries are timed by operation and table, with few labels whatever is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

import rollbook
from building.queries import every_query
from rollbook.ops.watch.queries import OPERATIONS, OTHER, labels_of, time_queries
from rollbook.testing.databases import Database

OURS = {"students", "grades", "runs", "schools"}
NAME = "db_query_duration_seconds_count"


@pytest.mark.parametrize(
    ("statement", "labels"),
    [
        ("SELECT name FROM students JOIN grades USING (id)", ("select", "students")),
        ("-- from grades\n SELECT 1 FROM students", ("select", "students")),
        ("(SELECT 1 FROM grades) UNION SELECT 2", ("select", "grades")),
        ("WITH a AS (SELECT 1 FROM students) SELECT * FROM a", ("select", "students")),
        ("WITH a AS (SELECT 1 FROM b) INSERT INTO grades SELECT * FROM a", ("insert", "grades")),
        ("WITH gone AS (DELETE FROM grades RETURNING 1) SELECT count(*) FROM gone", ("delete", "grades")),
        ("INSERT INTO students (x) SELECT 1 FROM grades", ("insert", "students")),
        ('UPDATE ONLY "students" SET x = 1', ("update", "students")),
        ("update students set x = 1", ("update", "students")),
        ("DELETE FROM operations.runs", ("delete", "runs")),
        ("MERGE INTO grades USING students ON true", ("merge", "grades")),
        ("COPY students FROM STDIN", ("copy", "students")),
        ("SELECT extract(EPOCH FROM began) FROM students", ("select", "students")),
        ("SELECT 1 FROM attendance_records_2024_02", ("select", OTHER)),
        ("SET LOCAL statement_timeout = '1s'", (OTHER, OTHER)),
        ("", (OTHER, OTHER)),
        ('\';DROP TABLE "x"', (OTHER, OTHER)),
    ],
)
def test_a_statement_is_told_by_what_it_does(statement: str, labels: tuple[str, str]) -> None:
    assert labels_of(statement, OURS) == labels


def test_every_query_of_ours_has_labels_of_few() -> None:
    found = {labels_of(query.text, OURS) for query in every_query()}

    assert {operation for operation, _ in found} <= {*OPERATIONS, OTHER}
    assert {table for _, table in found} <= {*OURS, OTHER}
    assert ("select", "students") in found
    assert len(list(Path(rollbook.__file__).parent.rglob("*.sql"))) > 10


@pytest.fixture
def timed(database: Database) -> Iterator[tuple[Engine, CollectorRegistry]]:
    engine, registry = create_engine(database.owner_url), CollectorRegistry()
    time_queries([engine], registry, OURS)
    yield engine, registry
    engine.dispose()


def test_each_statement_is_counted_also_one_that_fails(timed: tuple[Engine, CollectorRegistry]) -> None:
    engine, registry = timed
    for statement in (
        "SELECT count(*) FROM schools",
        "SELECT count(*) FROM schools",
        "SELECT 1 FROM no_table",
    ):
        with engine.connect() as db:
            if "no_table" in statement:
                with pytest.raises(DBAPIError):
                    db.execute(text(statement))
            else:
                db.execute(text(statement))

    def counted(table: str) -> float | None:
        return registry.get_sample_value(NAME, {"operation": "select", "table": table})

    assert counted("schools") == 2
    assert (counted(OTHER) or 0) >= 1
