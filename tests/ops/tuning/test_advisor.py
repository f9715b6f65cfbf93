"""The planner twin plans as the real database would; the advisor finds what is missing; nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from ops.real_server import settings_of
from ops.tuning.workshop import BROKEN, BY_DEVICE, BY_KEY, JOINED, LATEST, SUM, Workshop, workshop
from rollbook.ops import scratch, server
from rollbook.ops.embedded import home_of
from rollbook.ops.postmaster import find_postmaster, has_ended
from rollbook.ops.tuning import advisor, building, statements
from rollbook.ops.tuning.advice import Advice, Budget, Workload, index_name
from rollbook.ops.tuning.candidates import Candidate
from rollbook.ops.tuning.errors import IndexNotBuilt, UpkeepRunning
from rollbook.ops.tuning.explaining import Plan, Viewer, cost, explain, shape
from rollbook.ops.tuning.looking import looking, raw
from rollbook.ops.tuning.twin import planner_twin

READINGS = ("public", "readings")
QUERIES = [
    query.replace("%s", "$1", 1).replace("%s", "$2") for query in (BY_DEVICE, BROKEN, LATEST, JOINED, BY_KEY)
]
TRIED = {
    "ix_by_device": Candidate(READINGS, ("tenant_id", "device_id")),
    "ix_by_status": Candidate(READINGS, ("tenant_id", "status", "at")),
    "ix_latest": Candidate(READINGS, ("tenant_id", "at DESC")),
}
VIEWER = Viewer("rollbook_app", "1")
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def _run_all(shop: Workshop) -> None:
    shop.run(
        (BY_DEVICE, [5]),
        (BROKEN, ["broken", "2025-03-01"]),
        (LATEST, []),
        (JOINED, ["x"]),
        (SUM, []),
        (BY_KEY, [5]),
    )


def _advise(shop: Workshop, db: Connection, **budget: int) -> Advice:
    workload = Workload(statements.take(db).statements, 60.0)
    return advisor.advise(shop.settings, db, workload, budget=Budget(**budget))


@contextmanager
def _built(shop: Workshop, name: str, index: Candidate) -> Iterator[None]:
    with building.patient(shop.owner_url) as owner:
        assert building.build(owner, name, index)
        try:
            yield
        finally:
            building.drop(owner, (index.table[0], name))


def test_a_twin_plans_as_the_real_indexes_do(shop: Workshop, db: Connection) -> None:
    """Without an index, and with each of three: the same nodes, and costs within a twentieth."""
    with planner_twin(shop.settings, db) as twin:
        known = advisor.Catalogue.read(db)
        twin.build([(name, index, known.size(index)) for name, index in TRIED.items()])
        expected: dict[str | None, list[Plan]] = {}
        for name in (None, *TRIED):
            if name:
                twin.show(("public", name), shown=True)
            with twin.connected() as planner:
                expected[name] = [explain(planner, query, VIEWER) for query in QUERIES]
            if name:
                twin.show(("public", name), shown=False)
    real: dict[str | None, list[Plan]] = {None: [explain(raw(db), query, VIEWER) for query in QUERIES]}
    for name, index in TRIED.items():
        with _built(shop, name, index):
            real[name] = [explain(raw(db), query, VIEWER) for query in QUERIES]

    assert {name: [shape(plan) for plan in plans] for name, plans in expected.items()} == {
        name: [shape(plan) for plan in plans] for name, plans in real.items()
    }
    for name, plans in real.items():
        for there, here in zip(expected[name], plans, strict=True):
            # The twin's indexes are empty: to go down a level of theirs, 0.125 each, costs nothing there.
            assert cost(there) == pytest.approx(cost(here), rel=0.05, abs=0.4)
    assert {
        name for name, plans in real.items() if name and any(name in " ".join(shape(p)) for p in plans)
    } == set(TRIED)


def test_the_advisor_finds_what_is_missing_and_no_more(shop: Workshop, db: Connection) -> None:
    _run_all(shop)

    found = _advise(shop, db)

    columns = {frozenset(one.index.columns) - {"tenant_id"} for one in found.proposals}
    assert {frozenset({"device_id"}), frozenset({"at"})} <= columns
    helped = {gain.query for one in found.proposals for gain in one.gains}
    assert not helped & {SUM, BY_KEY.replace("%s", "$1")}, (
        "no index helps these more than they are helped now"
    )
    assert {query.split(" WHERE")[0].split(" ORDER")[0] for query in helped} >= {
        BY_DEVICE.split(" WHERE")[0],
        LATEST.split(" ORDER")[0],
    }
    assert found.unlike == []
    assert {drop.name for drop in found.drops} >= {"ix_devices_kind_again", "ix_readings_value"}


def test_the_advisor_proposes_nothing_where_nothing_helps(shop: Workshop, db: Connection) -> None:
    shop.run((SUM, []), (BY_KEY, [5]), ("SELECT count(*) FROM devices WHERE name <> %s", ["x"]))

    assert _advise(shop, db).proposals == []


def test_the_advisor_keeps_to_its_budget(shop: Workshop, db: Connection) -> None:
    shop.run((BY_DEVICE, [5]), (LATEST, []))

    assert len(_advise(shop, db, indexes=1).proposals) == 1
    assert _advise(shop, db, size_bytes=100_000).proposals == []


def test_what_writing_would_cost_more_than_reading_saves_is_not_proposed(
    shop: Workshop, db: Connection
) -> None:
    shop.run((BY_DEVICE, [5]))
    with shop.superuser() as admin:
        admin.execute("SELECT pg_stat_force_next_flush()")
        admin.execute("BEGIN")
        admin.execute(
            "INSERT INTO readings SELECT 1, -n, 1, now(), 'fine', 0, '' FROM generate_series(1, 60000) AS n"
        )
        admin.execute("ROLLBACK")  # counted as writes, and never there
        admin.execute("SELECT pg_stat_force_next_flush()")
    found = _advise(shop, db)

    assert found.proposals == []


def test_a_twin_is_closed_to_others_and_leaves_nothing(shop: Workshop, db: Connection) -> None:
    with planner_twin(shop.settings, db) as twin:
        folder = twin.scratch.folder
        postmaster = find_postmaster(twin.scratch.data)
        assert folder.stat().st_mode & 0o077 == 0
        assert twin.bytes_on_disk() < 100_000_000
        with twin.connected() as planner:
            assert planner.execute("SELECT count(*) FROM readings").fetchone() == (0,)
            listening = planner.execute("SELECT current_setting('listen_addresses')").fetchone()
            assert listening == ("",)
    assert postmaster is not None
    assert not folder.exists()
    assert not Path(f"/proc/{postmaster.pid}").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from ops.real_server import settings_of
from rollbook.ops.tuning.looking import looking
from rollbook.ops.tuning.twin import planner_twin
settings = settings_of(Path(sys.argv[1]))
with looking(settings, sys.argv[2]) as db, planner_twin(settings, db) as twin:
    print(twin.scratch.folder, flush=True)
    if sys.argv[3] == "between":
        twin.scratch.stop()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["running", "between"])
def test_a_twin_goes_when_its_maker_is_killed(shop: Workshop, when: str) -> None:
    """Also where its server is stopped just then, to give its files their lengths."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(shop.settings.home), shop.name, when],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    folder = Path(done.stdout.strip())
    assert done.returncode == -signal.SIGKILL, done.stderr

    assert _comes_true(lambda: not any(folder.glob("data/*"))), "values are gone at once"
    scratch.remove_dead(home_of(shop.settings))
    assert not folder.exists()


def test_the_next_twin_removes_what_a_power_failure_left(shop: Workshop, db: Connection) -> None:
    left = home_of(shop.settings).path / "scratch" / "server-left"
    (left / "data").mkdir(parents=True)
    (left / "data" / "base").write_text("a value")
    with planner_twin(shop.settings, db) as twin:
        assert not left.exists()
        assert twin.scratch.folder.exists(), "one that is at work stays"
        scratch.remove_dead(home_of(shop.settings))
        assert twin.scratch.folder.exists()


def test_a_keeper_that_is_killed_leaves_nothing_either(shop: Workshop, db: Connection) -> None:
    with planner_twin(shop.settings, db) as twin:
        folder, postmaster = twin.scratch.folder, find_postmaster(twin.scratch.data)
        assert twin.scratch._keeper is not None
        twin.scratch._keeper.kill()
    assert postmaster is not None
    assert not folder.exists()
    assert has_ended(postmaster.pid, within_s=30)


def test_an_index_gets_a_name_that_no_other_has(db: Connection) -> None:
    """One of that name would be found there, taken for the one wanted, and called built."""
    up, down = Candidate(READINGS, ("value", "at")), Candidate(READINGS, ("value", "at DESC"))
    taken = advisor.Catalogue.read(db).names
    assert "ix_readings_value_at" in taken
    assert "ux_readings_status" not in taken, "what a failed build left is built again"
    assert index_name(up, taken) == "ix_readings_value_at_2"
    assert index_name(down, taken) == "ix_readings_value_at_desc"
    long = Candidate(READINGS, ("a" * 60,))
    first = index_name(long)
    assert len({first, index_name(long, [first])}) == 2


def test_who_builds_is_alone(shop: Workshop) -> None:
    with (
        building.patient(shop.owner_url),
        pytest.raises(UpkeepRunning),
        building.patient(shop.owner_url),
    ):
        pass


def test_an_index_is_built_online_also_where_one_broke(shop: Workshop) -> None:
    with shop.superuser() as admin, building.patient(shop.owner_url) as owner:
        index = Candidate(READINGS, ("tenant_id", "device_id"))
        admin.execute("CREATE INDEX ix_broke ON readings (tenant_id, device_id)")
        admin.execute("ALTER INDEX ix_broke OWNER TO rollbook_owner")
        admin.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_broke'::regclass")
        try:
            assert building.build(owner, "ix_broke", index)
            assert _is_valid(admin, "ix_broke")
            assert not building.build(owner, "ix_broke", index), "it is there"
        finally:
            building.drop(owner, ("public", "ix_broke"))


def test_an_index_of_a_partitioned_table_is_built_part_by_part(shop: Workshop) -> None:
    names = {"ix_visits_parts": ("tenant_id", "visit_id"), "ix_visits_down": ("tenant_id", "visit_id DESC")}
    with shop.superuser() as admin, building.patient(shop.owner_url) as owner:
        try:
            for name, keys in names.items():
                assert building.build(owner, name, Candidate(("public", "visits"), keys))
                assert _is_valid(admin, name)
                (parts,) = admin.execute(
                    "SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", [name]
                ).fetchone() or (0,)
                assert parts == 2
        finally:
            admin.execute("DROP INDEX IF EXISTS ix_visits_parts, ix_visits_down")


def test_a_build_on_a_partitioned_table_that_fails_leaves_what_was_there(shop: Workshop) -> None:
    index = Candidate(("public", "visits"), ("tenant_id", "visit_id"))
    with shop.superuser() as admin, building.patient(shop.owner_url) as owner:
        admin.execute("CREATE INDEX ix_visits_2025_parts ON visits_2025 (day)")
        try:
            with pytest.raises(IndexNotBuilt, match="Nothing of it is left"):
                building.build(owner, "ix_visits_parts", index)
            left = admin.execute("SELECT relname FROM pg_class WHERE relname LIKE 'ix_visits%parts'")
            assert [name for (name,) in left] == ["ix_visits_2025_parts"], "that was there before"
        finally:
            admin.execute("DROP INDEX IF EXISTS ix_visits_2025_parts")


@pytest.mark.skipif(not DEBIAN_15.is_dir() and not os.environ.get("CI"), reason="no PostgreSQL 15 here")
def test_a_server_of_15_is_advised_too(open_folder: Path) -> None:
    settings = settings_of(open_folder / "home", database_bin=DEBIAN_15)
    server.up(settings, durable=False)
    with workshop(settings, "old") as shop, looking(settings, "old") as db:
        shop.forget()
        _run_all(shop)
        plan = explain(raw(db), QUERIES[0], VIEWER)
        assert "Index Name" not in str(plan), "planned by preparing it"
        found = _advise(shop, db)
    assert {"device_id"} in [set(one.index.columns) - {"tenant_id"} for one in found.proposals]
    assert server.status(settings).version.startswith("15.")


def _is_valid(db: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    return db.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [name]
    ).fetchone() == (True,)


def _comes_true(condition: object, within_s: float = 20) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
