"""Each measure is taken by itself: what is missing loses one, and says which and why."""

import threading

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from rollbook.ops.watch.bloat import bloat_of, expected_pages
from rollbook.ops.watch.measures import MEASURES, Measure, take, watching
from rollbook.testing.databases import Database

PAGE = 8192


def test_the_owner_sees_everything(database: Database) -> None:
    with watching(database.owner_url) as db:
        seen = take(db)

    assert seen.lost == {}
    assert seen.absent == []
    assert set(seen.rows) == {measure.name for measure in MEASURES}
    assert (seen.one("connection_limit") or {})["connections"] >= 1
    assert {row["state"] for row in seen.all("connections")} >= {"active", "idle", "idle in transaction"}
    assert (seen.one("database") or {})["bytes"] > 1_000_000
    assert (
        "students"
        in {row["table_name"] for row in seen.all("tables")}
        | {row["table_name"] for row in seen.all("heaps")}
        or len(seen.all("tables")) == 40
    )


def test_who_may_not_see_sessions_loses_those_measures_alone(database: Database) -> None:
    with watching(database.url) as db:
        seen = take(db)

    assert set(seen.lost) == {measure.name for measure in MEASURES if measure.held}
    assert set(seen.lost.values()) <= {
        "the role has not the rights of pg_read_all_stats",
        "the role has not the rights of pg_monitor",
    }
    assert {"database", "wraparound", "tables", "checkpoints"} <= set(seen.rows)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT no_such_column FROM pg_stat_wal", "a column that it reads is not there"),
        ("SELECT 1 FROM no_such_view", "a relation that it reads is not there"),
        ("SELECT no_such_function()", "a function that it calls is not there"),
        ("SELECT rolpassword FROM pg_authid", "the role may not read it"),
        ("SELECT pg_sleep(60)", "it took too long"),
        ("SELECT 1 / 0", "PostgreSQL said DivisionByZero (22012)"),
    ],
)
def test_a_measure_that_fails_costs_no_other(owner: Session, sql: str, reason: str) -> None:
    owner.execute(text("SELECT set_config('statement_timeout', '300ms', true)"))
    broken = Measure("broken", text(sql))

    seen = take(owner, measures=[MEASURES[0], broken, MEASURES[-1]])

    assert seen.lost == {"broken": reason}
    assert set(seen.rows) == {MEASURES[0].name, MEASURES[-1].name}


def test_what_this_postgresql_has_not_is_absent_or_asked_otherwise(owner: Session) -> None:
    gone = Measure("gone", text("SELECT 1 FROM pg_stat_nothing"), needs="pg_stat_nothing")
    other = Measure("other", gone.sql, needs="pg_stat_nothing", or_else=text("SELECT 2 AS two"))

    seen = take(owner, measures=[gone, other])

    assert (seen.absent, seen.lost) == (["gone"], {})
    assert seen.one("other") == {"two": 2}


def test_looking_changes_nothing_and_waits_for_nobody(database: Database) -> None:
    engine = create_engine(database.owner_url)
    with engine.connect() as holder, holder.begin():
        holder.execute(text("LOCK TABLE grade_scales IN ACCESS EXCLUSIVE MODE"))
        with watching(database.owner_url) as db:
            locked = take(db, measures=[Measure("locked", text("SELECT count(*) FROM grade_scales"))])
            with pytest.raises(InternalError, match="read-only"):
                db.execute(text("INSERT INTO operations.runs (verb) VALUES ('x')"))
    engine.dispose()

    assert locked.lost == {"locked": "something that it reads is locked"}


def test_who_blocks_whom_is_seen(database: Database) -> None:
    engine = create_engine(database.owner_url, connect_args={"application_name": "holder"})
    waiting = create_engine(database.owner_url, connect_args={"application_name": "waiter"})

    def wait() -> None:
        with waiting.begin() as db:
            db.execute(text("LOCK TABLE grade_scales IN ACCESS EXCLUSIVE MODE"))

    with engine.connect() as holder, holder.begin():
        holder.execute(text("LOCK TABLE grade_scales IN ACCESS SHARE MODE"))
        thread = threading.Thread(target=wait)
        thread.start()
        while True:
            with watching(database.owner_url) as db:
                seen = take(db)
            if seen.all("blockers"):
                break
    thread.join()
    engine.dispose()
    waiting.dispose()

    (row,) = seen.all("blockers")
    assert (row["application"], row["blocking_application"]) == ("waiter", "holder")
    assert (row["relation"], row["mode"]) == ("grade_scales", "AccessExclusiveLock")
    assert row["blocking_state"] == "idle in transaction"
    assert (seen.one("waits") or {})["sessions"] == 1
    assert "holder" in {one["application"] for one in seen.all("old_sessions")}


def test_what_a_table_wastes_is_estimated_though_its_rows_are_hidden(planting: Session) -> None:
    for statement in (
        "SET LOCAL ROLE rollbook_owner",
        "CREATE TABLE wide (tenant_id int, told text)",
        "ALTER TABLE wide ENABLE ROW LEVEL SECURITY",
        "INSERT INTO wide SELECT n, repeat('x', 100) FROM generate_series(1, 40000) AS n",
        "ALTER TABLE wide FORCE ROW LEVEL SECURITY",
        "CREATE POLICY ours ON wide USING (tenant_id::text = current_setting('rollbook.tenant', true))",
        "ANALYZE wide",
    ):
        planting.execute(text(statement))
    full = wasted_in(planting)
    # as after deleting two rows of three: the pages are the same
    planting.execute(text("RESET ROLE"))
    thinned = "UPDATE pg_class SET reltuples = reltuples / 3 WHERE relname = 'wide'"
    planting.execute(text(thinned))
    planting.execute(text("SET LOCAL ROLE rollbook_owner"))
    hidden = planting.scalar(text("SELECT count(*) FROM pg_stats WHERE tablename = 'wide'"))

    thin = wasted_in(planting)

    assert hidden == 0
    assert full[0] < 0.1 * full[1]
    assert 0.6 * thin[1] < thin[0] < 0.72 * thin[1]


def wasted_in(db: Session) -> tuple[float, float]:
    found = {one.table_name: one for one in bloat_of(db, list(take(db).all("heaps")))}
    return found["wide"].wasted_bytes, found["wide"].total_bytes


def test_pgstattuple_is_asked_where_it_is(planting: Session) -> None:
    for statement in (
        "CREATE EXTENSION pgstattuple",
        "CREATE TABLE filled AS SELECT n, repeat('x', 100) AS told FROM generate_series(1, 30000) AS n",
        "DELETE FROM filled WHERE n % 2 = 0",
        "ALTER TABLE filled OWNER TO rollbook_owner",
        "ANALYZE filled",
        "SET LOCAL ROLE rollbook_owner",
    ):
        planting.execute(text(statement))

    (found,) = (
        one for one in bloat_of(planting, list(take(planting).all("heaps"))) if one.table_name == "filled"
    )

    assert found.counted
    assert 0.4 * found.total_bytes < found.wasted_bytes < 0.6 * found.total_bytes


@pytest.mark.parametrize(("tuples", "width", "fill", "pages"), [(0, 8, 1, 0), (226, 8, 1, 1), (227, 8, 1, 2)])
def test_pages_that_rows_need(tuples: float, width: int, fill: float, pages: int) -> None:
    assert expected_pages(tuples, width, fill) == pages
