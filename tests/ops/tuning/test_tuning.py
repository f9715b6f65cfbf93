"""What the counters and the catalogue of a real server tell: statements, indexes, upkeep, performance."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from ops.tuning.workshop import BY_DEVICE, BY_KEY, ROWS, SUM, Workshop
from rollbook.core.checks import State
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.tuning import (
    bloat,
    building,
    health,
    indexes,
    logged_plans,
    optimizing,
    performance,
    sizes,
    statements,
    upkeep,
)
from rollbook.ops.tuning.errors import PlansNotLogged, StatementsHidden, StatementsNotCounted
from rollbook.ops.tuning.looking import connected, looking, raw


@contextmanager
def _table(shop: Workshop, columns: str, rows: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Lend a table ``scratch`` of the owner's with these rows."""
    with shop.superuser() as admin:
        admin.execute("SET ROLE rollbook_owner")
        admin.execute(f"CREATE TABLE scratch ({columns}) WITH (autovacuum_enabled = off)")
        admin.execute("GRANT SELECT ON scratch TO rollbook_app")
        admin.execute(f"INSERT INTO scratch {rows}")
        admin.execute("SELECT pg_stat_force_next_flush()")  # or what was written counts as changed since
        admin.execute("VACUUM ANALYZE scratch")
        try:
            yield admin
        finally:
            admin.execute("DROP TABLE scratch")


def test_statements_are_counted_with_what_they_cost(shop: Workshop, db: Connection) -> None:
    shop.run((BY_DEVICE, [5]), (SUM, []), times=7)

    found = statements.usage(statements.take(db).statements)

    ours = {one.query: one for one in found if one.role == "rollbook_app"}
    one = ours[BY_DEVICE.replace("%s", "$1")]
    assert (one.calls, one.rows) == (7, 7 * ROWS // 4_000)
    assert 0 < one.mean_ms <= one.p95_at_most_ms <= one.longest_ms
    assert sum(each.time_share for each in found) == pytest.approx(1)
    assert one.cache_hit is not None
    assert 0 <= one.cache_hit <= 1


def test_only_what_ran_since_is_told(shop: Workshop, db: Connection) -> None:
    shop.run((SUM, []), (BY_KEY, [5]), times=3)
    before = {one.key: one.counted for one in statements.take(db).statements}
    shop.run((BY_KEY, [6]), times=2)

    since = statements.between(before, statements.take(db))

    assert [
        (one.shown, one.counted.calls)
        for one in since
        if one.role == "rollbook_app" and "readings" in one.text
    ] == [(BY_KEY.replace("%s", "$1"), 2)]


def test_who_may_not_see_statements_is_told_so(shop: Workshop, db: Connection) -> None:
    assert statements.take(db).database.startswith(f"{shop.name}/")
    shop.run((SUM, []))
    with (
        connected(lambda: psycopg.connect(shop.url, autocommit=True)) as app,
        pytest.raises(StatementsHidden),
    ):
        statements.take(app)
    raw(db).execute("DROP EXTENSION pg_stat_statements")
    try:
        with pytest.raises(StatementsNotCounted):
            statements.take(db)
    finally:
        raw(db).execute("CREATE EXTENSION pg_stat_statements")


def test_only_counters_of_this_very_database_are_recalled(tmp_path: Path, db: Connection) -> None:
    """Another server may have one of the same name, and a file may hold anything."""
    kept, snapshot = tmp_path / "statements.json", statements.take(db)
    for rubbish in (b"", b"[]", b"\xff", b'{"it": 5}', b'{"it": {"at": 5, "counters": {"a": [1, 2, 3, 4]}}}'):
        kept.write_bytes(rubbish)
        assert statements.recall(kept, "it") == (None, {})
    statements.keep(kept, snapshot)

    assert statements.recall(kept, snapshot.database)[0] == snapshot.at
    theirs = snapshot.database.rpartition("/")[0] + "/7000000000000000000"
    assert statements.recall(kept, theirs) == (None, {})


def test_statements_whose_text_is_lost_are_counted(shop: Workshop, db: Connection) -> None:
    shop.run((SUM, []))
    (shop.settings.home / "data/pg_stat_tmp/pgss_query_texts.stat").write_bytes(b"")
    try:
        found = statements.usage(statements.take(db).statements)
        assert "" in {one.query for one in found}
    finally:
        shop.forget()


def test_counters_are_older_than_the_servers_process(running: Settings) -> None:
    """By a rate since the last start everything is written much too often for any index to pay."""
    with looking(running) as before:
        since = indexes.counting(before).since
    server.down(running)
    server.up(running, durable=False)
    with looking(running) as after:
        assert indexes.counting(after).since == since
        assert after.exec_driver_sql("SELECT pg_postmaster_start_time()").scalar_one() > since


def test_indexes_that_only_cost_are_told(db: Connection) -> None:
    found = indexes.look_at(db)

    assert {(one.name, one.reason, one.keeper) for one in found.drops} == {
        ("ix_devices_kind", "unused", None),
        ("ix_devices_kind_again", "duplicate", "ix_devices_kind"),
        ("ix_readings_value", "covered", "ix_readings_value_at"),
        ("ix_readings_value_at", "unused", None),
        ("ix_visits_device", "unused", None),
    }
    assert [one.name for one in found.invalid] == ["ux_readings_status"]
    assert [(one.constraint, one.rows) for one in found.unindexed] == [("fk_readings_devices", ROWS)]
    assert found.since is not None


def test_an_index_that_serves_a_key_or_is_read_is_not_unused(shop: Workshop, db: Connection) -> None:
    with building.patient(shop.owner_url) as owner:
        owner.execute("CREATE INDEX ix_serves ON readings (device_id, tenant_id, at)")
        try:
            shop.run(("SELECT count(*) FROM devices WHERE kind = %s", ["none"]))
            raw(db).execute("SELECT pg_stat_force_next_flush()")
            with shop.superuser() as admin:
                admin.execute("SET enable_seqscan = off")
                admin.execute("SELECT count(*) FROM visits WHERE tenant_id = 1 AND device_id = 3")
                admin.execute("SELECT pg_stat_force_next_flush()")
            assert "ix_serves" not in {one.name for one in indexes.drops(db)}
            assert indexes.unindexed(db) == []
            assert "ix_visits_device" not in {one.name for one in indexes.drops(db)}, "a part of it was read"
        finally:
            building.drop(owner, ("public", "ix_serves"))


def test_dead_rows_and_stale_statistics_are_looked_after(shop: Workshop, db: Connection) -> None:
    with _table(
        shop, "id int PRIMARY KEY, n int", "SELECT n, n FROM generate_series(1, 20000) AS n"
    ) as admin:
        assert "scratch" not in {task.name for task in optimizing.tasks(db)}
        admin.execute("UPDATE scratch SET n = 0 WHERE id <= 15000")
        admin.execute("SELECT pg_stat_force_next_flush()")
        todo = [task for task in optimizing.tasks(db) if task.name == "scratch"]
        assert [task.kind for task in todo] == ["vacuum"]
        assert "scratch" in {one.name for one in upkeep.stale(db)}
        with building.patient(shop.owner_url) as owner:
            assert [done.outcome for done in optimizing.optimize(db, owner, todo)] == ["done"]
        assert "scratch" not in {task.name for task in optimizing.tasks(db)}
        admin.execute("UPDATE scratch SET n = 1")
        admin.execute("SELECT pg_stat_force_next_flush()")
        with building.patient(shop.owner_url) as owner, admin.transaction():
            admin.execute("LOCK TABLE scratch IN SHARE UPDATE EXCLUSIVE MODE")
            assert [done.outcome for done in optimizing.optimize(db, owner, todo)] == ["skipped"]


def test_an_index_that_is_proved_half_empty_is_rebuilt(shop: Workshop, db: Connection) -> None:
    rows = "SELECT n FROM generate_series(1, 60000) AS n"
    with _table(shop, "id int PRIMARY KEY", rows) as admin, building.patient(shop.owner_url) as owner:
        least = 500_000
        assert "scratch_pkey" not in {one.name for one in bloat.proven(db, least_bytes=least)}
        admin.execute("DELETE FROM scratch WHERE id % 10 <> 0")
        admin.execute("VACUUM ANALYZE scratch")
        (found,) = [one for one in bloat.proven(db, least_bytes=least) if one.name == "scratch_pkey"]
        assert found.filled < 0.2
        todo = [task for task in optimizing.tasks(db, least_bytes=least) if task.name == "scratch_pkey"]
        assert [done.outcome for done in optimizing.optimize(db, owner, todo)] == ["done"]
        (size,) = admin.execute("SELECT pg_relation_size('scratch_pkey')").fetchone() or (0,)
        assert size == pytest.approx(found.rebuilt_bytes, rel=0.2)
        assert not admin.execute("SELECT 1 FROM pg_extension WHERE extname = 'pgstattuple'").fetchall()


def test_more_statistics_are_kept_where_that_mends_an_estimate(shop: Workshop, db: Connection) -> None:
    """Few values stand out from many that come once: from a sample those look much fewer than they are."""
    rows = "SELECT CASE WHEN n % 10 = 0 THEN n ELSE n % 7 END FROM generate_series(1, 300000) AS n"
    query = "SELECT rare FROM scratch WHERE rare = %s"
    with _table(shop, "rare int", rows) as admin, building.patient(shop.owner_url) as owner:
        shop.forget()
        shop.run((query, [100]), times=20)
        workload = statements.take(db).statements
        (task,) = [task for task in optimizing.tasks(db, workload) if task.kind == "statistics"]
        assert (task.name, task.estimate.column if task.estimate else "") == ("scratch", "rare")
        assert [done.outcome for done in optimizing.optimize(db, owner, [task])] == ["done"]
        target = "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'scratch'::regclass AND attnum = 1"
        assert admin.execute(target).fetchone() == (1_000,)


@pytest.mark.parametrize(
    ("columns", "given"),
    [
        ("id", [sizes.Column("id", 4, -1)]),
        ("few", [sizes.Column("few", 4, 30)]),
        ("few, name", [sizes.Column("few", 4, 30), sizes.Column("name", 33, -1)]),
    ],
)
def test_the_size_of_an_index_is_foretold(shop: Workshop, columns: str, given: list[sizes.Column]) -> None:
    rows = "SELECT n, n % 30, md5(n::text) FROM generate_series(1, 50000) AS n"
    with _table(shop, "id int, few int, name text", rows) as admin:
        admin.execute(f"CREATE INDEX ix_scratch ON scratch ({columns})")
        (size,) = admin.execute("SELECT pg_relation_size('ix_scratch')").fetchone() or (0,)
        assert sizes.btree_bytes(50_000, given) == pytest.approx(size, rel=0.1)


def test_the_claim_of_the_original_is_judged(shop: Workshop, db: Connection) -> None:
    shop.run((BY_KEY, [5]), ("SELECT sum(value) FROM readings", []), times=4)
    ours = [one for one in statements.take(db).statements if one.role == "rollbook_app"]

    found = performance.analyze(db, ours, None)

    assert found.index_share_of_calls == pytest.approx(0.5)
    assert found.whole_share_of_calls == pytest.approx(0.5)
    assert found.claims["90 % of queries use indexes"] is False
    by_query = {one.usage.query: one for one in found.queries}
    assert by_query[BY_KEY.replace("%s", "$1")].indexes == ["pk_readings"]
    assert by_query[SUM].whole == ["readings"]
    assert found.p95_at_most_ms >= found.mean_ms


def test_health_tells_what_is_broken_or_needless(db: Connection) -> None:
    with Session(db.engine) as session:
        found = {one.name: one for one in health.look_over(session)}

    assert found["invalid-indexes"].state is State.WARNING
    assert "ux_readings_status" in found["invalid-indexes"].sentence
    assert found["needless-indexes"].state is State.FINE, "they are small"
    assert found["statistics"].state is State.FINE


def test_plans_are_logged_where_asked_for(shop: Workshop, db: Connection) -> None:
    with (
        connected(lambda: psycopg.connect(shop.owner_url, autocommit=True)) as owner,
        pytest.raises(PlansNotLogged),
    ):
        logged_plans.log_plans(raw(owner), 0)
    logged_plans.log_plans(raw(db), 0)
    try:
        shop.run((BY_KEY, [987_654]), times=1)
    finally:
        logged_plans.log_plans(raw(db), None)
    (ours,) = [one for one in statements.take(db).statements if one.text == BY_KEY.replace("%s", "$1")]

    log = shop.settings.home / "server.log"
    seen = [plan for plan in logged_plans.seen(log) if plan.query_id == ours.query_id]

    assert seen[-1].shape == ("Index Scan pk_readings on readings",)
    shop.run((SUM, []), times=1)
    assert len([plan for plan in logged_plans.seen(log) if "Aggregate" in plan.shape]) == 0, "it ended"
