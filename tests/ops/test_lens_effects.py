"""The lens sees what each kind of statement truly does: the list is known from PostgreSQL's own manual."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ops.real_server import settings_of
from rollbook.ops import server
from rollbook.ops.lens.observing import Effect, observe
from rollbook.ops.lens.statements import rule_of, split
from rollbook.testing.databases import Database

PACKAGED = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"))
TABLES = """
CREATE TABLE schools_ (id int PRIMARY KEY, name text);
CREATE TABLE pupils_ (
    id int PRIMARY KEY, school_id int NOT NULL, name varchar(50), born date, seen timestamp, n int
);
ALTER TABLE pupils_ ADD CONSTRAINT n_positive CHECK (n > 0) NOT VALID;
CREATE INDEX ix_pupils_name ON pupils_ (name);
CREATE TABLE marks_ (day date NOT NULL, mark text) PARTITION BY RANGE (day);
CREATE TABLE marks_a PARTITION OF marks_ FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE marks_b (day date NOT NULL, mark text);
CREATE FUNCTION rollbook_columns_() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE VIEW names_ AS SELECT name FROM schools_;
"""
ALONE, SHARE, ROWS = "AccessExclusiveLock", "ShareLock", "RowExclusiveLock"
SHARE_ROW, UPDATE = "ShareRowExclusiveLock", "ShareUpdateExclusiveLock"
PUPILS, SCHOOLS = "pupils_", "schools_"
FK = "ALTER TABLE pupils_ ADD CONSTRAINT fk FOREIGN KEY (school_id) REFERENCES schools_"
# statement, locks, rewritten, scanned, built
KNOWN = [
    ("ALTER TABLE pupils_ ADD COLUMN a int", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ADD COLUMN a int NOT NULL DEFAULT 7", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ADD COLUMN a uuid DEFAULT gen_random_uuid()", {PUPILS: ALONE}, PUPILS, PUPILS, ""),
    ("ALTER TABLE pupils_ ADD COLUMN a timestamptz DEFAULT now()", {PUPILS: ALONE}, "", "", ""),
    (
        "ALTER TABLE pupils_ ADD COLUMN a int GENERATED ALWAYS AS (n * 2) STORED",
        {PUPILS: ALONE},
        PUPILS,
        PUPILS,
        "",
    ),
    ("ALTER TABLE pupils_ ALTER name TYPE varchar(100)", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ALTER name TYPE text", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ALTER name TYPE varchar(20)", {PUPILS: ALONE}, PUPILS, PUPILS, ""),
    ("ALTER TABLE pupils_ ALTER n TYPE bigint", {PUPILS: ALONE}, PUPILS, PUPILS, ""),
    ("ALTER TABLE pupils_ ALTER seen TYPE timestamptz", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ALTER born SET NOT NULL", {PUPILS: ALONE}, "", PUPILS, ""),
    ("ALTER TABLE pupils_ DROP COLUMN born", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ADD CONSTRAINT c CHECK (n < 9)", {PUPILS: ALONE}, "", PUPILS, ""),
    ("ALTER TABLE pupils_ ADD CONSTRAINT c CHECK (n < 9) NOT VALID", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ VALIDATE CONSTRAINT n_positive", {PUPILS: UPDATE}, "", PUPILS, ""),
    # Where there are pupils it looks up their schools as well.
    (FK, {PUPILS: SHARE_ROW, SCHOOLS: SHARE_ROW}, "", PUPILS, ""),
    (f"{FK} NOT VALID", {PUPILS: SHARE_ROW, SCHOOLS: SHARE_ROW}, "", "", ""),
    ("ALTER TABLE pupils_ ADD CONSTRAINT u UNIQUE (name)", {PUPILS: ALONE}, "", PUPILS, PUPILS),
    ("CREATE INDEX ix ON pupils_ (born)", {PUPILS: SHARE}, "", PUPILS, PUPILS),
    ("DROP INDEX ix_pupils_name", {PUPILS: ALONE}, "", "", ""),
    ("REINDEX TABLE pupils_", {PUPILS: SHARE}, "", PUPILS, PUPILS),
    ("CLUSTER pupils_ USING ix_pupils_name", {PUPILS: ALONE}, PUPILS, None, ""),
    ("UPDATE pupils_ SET n = 1", {PUPILS: ROWS}, "", PUPILS, ""),
    ("TRUNCATE pupils_", {PUPILS: ALONE}, "", "", ""),
    ("DROP TABLE pupils_", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE pupils_ ENABLE ROW LEVEL SECURITY", {PUPILS: ALONE}, "", "", ""),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON pupils_ EXECUTE FUNCTION rollbook_columns_()",
        {PUPILS: SHARE_ROW},
        "",
        "",
        "",
    ),
    ("CREATE POLICY p ON pupils_ USING (true)", {PUPILS: ALONE}, "", "", ""),
    ("ALTER TABLE marks_ ADD COLUMN a int", {"marks_": ALONE, "marks_a": ALONE}, "", "", ""),
    ("COMMENT ON TABLE pupils_ IS 'them'", {PUPILS: UPDATE}, "", "", ""),
    ("CREATE OR REPLACE VIEW names_ AS SELECT name FROM schools_", {"names_": ALONE}, "", "", ""),
    ("ANALYZE pupils_", {PUPILS: UPDATE}, "", "", ""),
    ("CREATE TABLE new_ (id int)", {}, "", "", ""),
]


@pytest.fixture(scope="module")
def driver(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url) as db:
        db.execute(TABLES)
        db.execute("SET timezone = 'UTC'")
        db.commit()
        yield db
        db.rollback()
        db.execute("DROP TABLE pupils_, schools_, marks_, marks_b CASCADE; DROP FUNCTION rollbook_columns_")


def seen(driver: psycopg.Connection, statement: str) -> Effect:
    try:
        return observe(driver, statement)
    finally:
        driver.rollback()


def strong(effect: Effect) -> dict[str, str]:
    return {name: mode for name, mode in effect.locks.items() if mode != "AccessShareLock"}


@pytest.mark.parametrize(("statement", "locks", "rewritten", "scanned", "built"), KNOWN)
def test_what_a_statement_does(  # noqa: PLR0913, PLR0917 -- a row of the list
    driver: psycopg.Connection,
    statement: str,
    locks: dict[str, str],
    rewritten: str,
    scanned: str | None,
    built: str,
) -> None:
    effect = seen(driver, statement)

    assert strong(effect) == locks
    assert " ".join(effect.rewritten) == rewritten
    assert scanned is None or " ".join(effect.scanned) == scanned
    assert " ".join(effect.built) == built


@pytest.mark.skipif(not PACKAGED, reason="no packaged PostgreSQL: apt-get install postgresql")
def test_it_is_the_same_on_the_oldest_packaged_server(open_folder: Path) -> None:
    theirs = settings_of(open_folder / "theirs", database_bin=PACKAGED[0])
    differing = []
    with psycopg.connect(server.up(theirs, durable=False).owner_url) as old:
        old.execute(TABLES)
        old.commit()
        for statement, locks, rewritten, _, built in KNOWN:
            effect = seen(old, statement)
            found = (strong(effect), " ".join(effect.rewritten), " ".join(effect.built))
            if found != (locks, rewritten, built):
                differing.append((statement, found))
    assert differing == []


def test_what_depends_on_the_time_zone_is_seen_in_the_servers_own(driver: psycopg.Connection) -> None:
    driver.execute("SET LOCAL timezone = 'America/New_York'")

    assert seen(driver, "ALTER TABLE pupils_ ALTER seen TYPE timestamptz").rewritten == (PUPILS,)


def test_what_a_server_offers_since_18_is_seen_where_it_does(driver: psycopg.Connection) -> None:
    """No version is assumed: the statement is tried."""
    try:
        effect = seen(driver, "ALTER TABLE pupils_ ADD CONSTRAINT nn NOT NULL born NOT VALID")
    except psycopg.errors.SyntaxError:
        assert driver.info.server_version < 180000
    else:
        assert (effect.locks, effect.scanned) == ({PUPILS: ALONE}, ())


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", ("t", UPDATE, "build")),
        (
            "-- why\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t USING gin (a)",
            ("s.t", UPDATE, "build"),
        ),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", ("t", UPDATE, "build")),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", ("i", UPDATE, "none")),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", ("t", UPDATE, "none")),
        ("VACUUM (FULL, ANALYZE) t", ("t", ALONE, "rewrite")),
        ("VACUUM FULL t", ("t", ALONE, "rewrite")),
        ("VACUUM (ANALYZE) t", ("t", UPDATE, "scan")),
        ("VACUUM t", ("t", UPDATE, "scan")),
        ("ALTER SYSTEM SET work_mem = '4MB'", None),
    ],
)
def test_what_runs_in_no_transaction_is_known_by_rule(
    statement: str, rule: tuple[str, str, str] | None
) -> None:
    assert rule_of(statement) == rule


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT \";\"", ["SELECT ';'", 'SELECT ";"']),
        ("SELECT 'it''s; so'; SELECT E'\\';'", ["SELECT 'it''s; so'", "SELECT E'\\';'"]),
        ("DO $$ BEGIN; END $$; SELECT $x$;$$;$x$", ["DO $$ BEGIN; END $$", "SELECT $x$;$$;$x$"]),
        ("-- a; b\nSELECT 1; /* c; */", ["-- a; b\nSELECT 1"]),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
            ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END"],
        ),
        (" ; ", []),
    ],
)
def test_where_a_statement_ends(text: str, parts: list[str]) -> None:
    assert split(text) == parts
