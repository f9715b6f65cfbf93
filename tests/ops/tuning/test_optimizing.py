"""Upkeep hurts nobody: not who builds an index just now, and not what else is to be done."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy import Connection

from ops.tuning.workshop import Workshop
from rollbook.ops.tuning import building, indexes, optimizing
from rollbook.ops.tuning.looking import connected

BUILT_NOW = "SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid = to_regclass('ix_slow')"


def _task(kind: optimizing.Kind, name: str) -> optimizing.Task:
    return optimizing.Task(kind, "public", name, "")


def test_what_fails_keeps_nothing_else_from_being_done(shop: Workshop, db: Connection) -> None:
    todo = [_task("reindex", "no_such_index"), _task("analyze", "devices")]
    with building.patient(shop.owner_url) as owner:
        done = optimizing.optimize(db, owner, todo)

    assert [one.outcome for one in done] == ["failed", "done"]
    assert done[0].sentence == 'failed: relation "public.no_such_index" does not exist'


def test_a_broken_index_is_dropped_unless_it_is_whole_by_then(shop: Workshop, db: Connection) -> None:
    """Also one of a partitioned table, which cannot be dropped concurrently."""
    with shop.superuser() as admin, building.patient(shop.owner_url) as owner:
        owner.execute("CREATE INDEX ix_half ON ONLY visits (visit_id)")
        todo = [task for task in optimizing.tasks(db) if task.name == "ix_half"]
        assert [task.kind for task in todo] == ["drop invalid"]
        with admin.transaction():
            admin.execute("LOCK TABLE visits IN SHARE UPDATE EXCLUSIVE MODE")  # as one that builds there
            assert [done.outcome for done in optimizing.optimize(db, owner, todo)] == ["skipped"]
        whole = _task("drop invalid", "ix_devices_kind")
        assert [done.outcome for done in optimizing.optimize(db, owner, [*todo, whole])] == ["done"] * 2
        left = admin.execute("SELECT to_regclass('ix_half'), to_regclass('ix_devices_kind')").fetchone()
    assert left == (None, "ix_devices_kind")


def test_an_index_that_is_being_built_is_not_broken(shop: Workshop, db: Connection) -> None:
    with (
        building.patient(shop.owner_url) as owner,
        psycopg.connect(shop.owner_url) as writer,
        psycopg.connect(shop.owner_url, autocommit=True) as less,
        ThreadPoolExecutor() as threads,
    ):
        writer.execute("LOCK TABLE devices IN ROW EXCLUSIVE MODE")  # a build waits for it
        building_it = threads.submit(owner.execute, "CREATE INDEX CONCURRENTLY ix_slow ON devices (kind)")
        while not less.execute(BUILT_NOW).fetchone():
            less.execute("SELECT pg_sleep(0.02)")
        try:
            assert "ix_slow" not in {one.name for one in indexes.invalid(db)}
            with connected(lambda: psycopg.connect(shop.url, autocommit=True)) as app:
                assert indexes.invalid(app) == [], "what is being built, the app's role may not see"
        finally:
            writer.rollback()
            building_it.result()
            building.drop(owner, ("public", "ix_slow"))
