"""Every named query parses and binds against the migrated schema, says what it takes, and is used."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import rollbook.reporting.validation as checks
from building.queries import SOURCE, NamedQuery, every_query, named_queries

PREPARABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "WITH")
QUERIES = every_query()
# Some queries read temporary tables. Those that name their columns are made by queries of the room, empty;
# those that are made from others, by this function.
NAMES_ITS_COLUMNS = re.compile(r"CREATE TEMP(ORARY)? TABLE IF NOT EXISTS \w+ \(")
MAKERS = {
    "rollbook.exchange": "rollbook.exchange.oulad:make_tables",
    "rollbook.exchange.oneroster": "rollbook.exchange.oneroster.temporary:make_tables",
}


def _make_temporary_tables(db: Session, query: NamedQuery) -> None:
    """Make what ``query`` may read: the temporary tables of its room, and risk's cohort for features."""
    room = "rollbook.risk" if query.file == "features.sql" else query.package
    for maker in QUERIES:
        if maker.package == room and NAMES_ITS_COLUMNS.match(maker.statement):
            db.connection().exec_driver_sql(maker.statement)
    if room in MAKERS:
        module, _, function = MAKERS[room].partition(":")
        getattr(import_module(module), function)(db)


def _probe(db: Session, query: NamedQuery) -> None:
    """Let PostgreSQL parse and bind ``query``; what cannot be prepared is run, and rolled back."""
    connection = db.connection()
    statement = query.prepared() if query.statement.upper().startswith(PREPARABLE) else query.statement
    with connection.begin_nested() as savepoint:
        connection.execute(text(statement.replace(":", r"\:")))
        savepoint.rollback()
    if statement.startswith("PREPARE"):
        connection.exec_driver_sql("DEALLOCATE probe")


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query_binds(db: Session, query: NamedQuery) -> None:
    _make_temporary_tables(db, query)

    _probe(db, query)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query_says_what_it_takes(query: NamedQuery) -> None:
    assert set(query.documented) == set(query.takes), "its `-- params` line and its :names differ"


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query_says_what_it_does(query: NamedQuery) -> None:
    assert re.match(r"-- (?!params|returns)\w", query.text), "its first line says what it is for"


def test_every_query_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    beginnings = tuple(re.findall(r'f"(\w+_)\{', code))  # f"make_{table}"
    # All queries of these files are run: features by the risk room, checks by an audit.
    named = [q for q in QUERIES if q.file != "features.sql" and q.package != checks.__name__]
    unused = [q for q in named if f'"{q.name}"' not in code and not q.name.startswith(beginnings)]

    assert [str(query) for query in unused] == []


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], NamedQuery]:
    """Write a query file into a package of its own and return its query."""
    package = f"planted_{tmp_path.name}".replace("-", "_")
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(sql: str) -> NamedQuery:
        (tmp_path / package / "queries.sql").write_text(f"-- name: planted\n{sql}")
        (query,) = named_queries(package, "queries.sql")
        return query

    return write


@pytest.mark.parametrize(
    "fault",
    [
        "SELECT studnet_id FROM students;",
        "SELECT student_id FROM pupils;",
        "SELECT student_id FROM students WHERE birth_date > :since + 'x';",
        "SELECT student_id FROM students GROUP BY ();",
        "-- params   since date\nSELECT student_id FROM students WHERE grade_level > :since;",
        "INSERT INTO students (student_id) SELECT 'x', 'y';",
        "CREATE TEMPORARY TABLE made AS SELECT x FROM students;",
    ],
)
def test_a_fault_in_a_query_is_noticed(db: Session, written: Callable[[str], NamedQuery], fault: str) -> None:
    with pytest.raises(DBAPIError):
        _probe(db, written(fault))


def test_params_are_read_from_their_comment(written: Callable[[str], NamedQuery]) -> None:
    query = written(
        "-- For the test.\n"
        "-- params   ids uuid[] (one, or many); since, until date (inclusive),\n"
        "--          name text and after_id uuid or null\n"
        "-- returns  n int\n"
        "SELECT 1 FROM students WHERE student_id = ANY(:ids) AND cast(:since AS date) < :until;\n"
    )

    assert query.documented == {
        "ids": "uuid[]",
        "since": "date",
        "until": "date",
        "name": "text",
        "after_id": "uuid",
    }
    assert query.takes == ("ids", "since", "until")


def test_no_params_may_be_said(written: Callable[[str], NamedQuery]) -> None:
    assert written("-- For the test.\n-- params   none\nSELECT 1;\n").documented == {}
