"""Months go to files that are proven, and come back exactly; nobody reads another tenant's."""

import json
import stat
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ops.archived import APRIL, COUNT, FEBRUARY, MARCH, TABLE, World
from rollbook.core.checks import State
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, transaction
from rollbook.ops.archive import catalog, health, partitions, querying, restoring, running
from rollbook.ops.archive.errors import (
    QueryInvalid,
    TableBusy,
)
from rollbook.ops.archive.store import Store
from rollbook.testing.databases import Database

FIND = "SELECT tenant_id, row_count FROM archives"
NOTES = "SELECT command, row_count, changes FROM audit_writes WHERE table_name = 'attendance_records'"
MARKED = "SELECT count(*) FROM attendance_records WHERE date < '2019-04-01'"
SHAPE = """
SELECT relname, relrowsecurity, relforcerowsecurity, relacl, pg_get_expr(relpartbound, oid),
    (SELECT count(*) FROM pg_index WHERE indrelid = pg_class.oid AND indisvalid),
    (SELECT count(*) FROM pg_constraint WHERE conrelid = pg_class.oid AND contype IN ('f', 'p'))
FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'attendance%' ORDER BY relname
"""


def test_months_go_to_files_and_come_back_exactly(world: World) -> None:
    before, shape = world.rows(), world.owner(SHAPE)
    kept = world.rows("SELECT * FROM attendance_records_history ORDER BY history_id")

    done = running.run(world.keeping, table=TABLE, before=APRIL)

    assert {(one.table_name, one.month) for one in done} == {(TABLE, FEBRUARY), (TABLE, MARCH)}
    assert world.rows(MARKED) == {"oak": [(0,)], "elm": [(0,)]}
    assert world.owner("SELECT * FROM operations.detached_months") == []
    assert len(world.owner(SHAPE)) == len(shape) - 2
    noted = [row for row in world.ask("oak", NOTES) if row.command == "ARCHIVE"]
    assert [(row.row_count, row.changes[0]["months"]) for row in noted] == [
        (240, ["2019-02"]),
        (252, ["2019-03"]),
    ]
    for slug, month in ((slug, month) for slug in world.tenants for month in (MARCH, FEBRUARY)):
        restoring.restore(world.keeping, world.tenants[slug], TABLE, month)
    assert world.rows() == before
    assert world.owner(SHAPE) == shape
    assert world.rows("SELECT * FROM attendance_records_history ORDER BY history_id") == kept
    assert world.rows("SELECT * FROM archives") == {"oak": [], "elm": []}
    assert [path for path in world.keeping.store.folder.rglob("*") if path.is_file()] == []


def test_a_file_is_this_accounts_only_sealed_and_described(archived: World) -> None:
    store = archived.keeping.store
    files = sorted(path for path in store.folder.rglob("*") if path.is_file())
    (one, *_) = catalog.every(archived.keeping.owner_url)
    manifest = json.loads(store.path(one.file).with_suffix(".json").read_text())

    assert len(files) == 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (store.folder, files[0].parent)} == {0o700}
    assert all(path.read_bytes()[:4] == b"PARE" for path in files if path.suffix == ".parquet")
    assert not any(b"student_id" in path.read_bytes() for path in files if path.suffix == ".parquet")
    assert manifest["columns"][2] == {"name": "date", "type": "date"}
    assert (manifest["row_count"], manifest["sha256"]) == (one.row_count, store.sha256(one.file))


def test_archived_months_are_asked_with_the_live_one_by_their_tenant_alone(archived: World) -> None:
    assert archived.ask("oak", COUNT) == [(264,)]
    assert archived.whole("oak") == [[240 + 252 + 264]]
    months = (
        "SELECT strftime(date, '%m'), count(reason), any_value(reason) FROM attendance_records GROUP BY 1"
    )
    assert archived.whole("elm", f"{months} ORDER BY 1")[1] == ["03", 12, 'said "ill",\nand: \\N, ""']
    mixed = "SELECT count(DISTINCT student_id) FROM attendance_records JOIN students USING (student_id)"
    assert archived.whole("elm", mixed) == [[12]]
    assert archived.whole("elm", "SELECT DISTINCT tenant_id FROM attendance_records") == [
        [archived.tenants["elm"]]
    ]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM glob('{file}')",
        "COPY (SELECT 1) TO '{file}'",
        "SELECT 1; SET enable_external_access = true",
        "ATTACH '{file}'",
        "SELECT * FROM nothing_there",
    ],
)
def test_a_query_reaches_nothing_else(database: Database, ring: Path, tmp_path: Path, question: str) -> None:
    assert ring.exists()
    file = tmp_path / "other.parquet"
    file.write_text("theirs")
    with Session(engine_for(database.url)) as db, pytest.raises(QueryInvalid):
        querying.query(db, Store(tmp_path), question.format(file=file))
    assert file.read_text() == "theirs"


def test_no_row_of_an_archived_month_is_written_and_of_others_every(archived: World) -> None:
    url = archived.keeping.owner_url
    partitions.ensure(url, TABLE, MARCH, date(2019, 5, 31))
    late = (
        "INSERT INTO attendance_records (tenant_id, student_id, date, status)"
        " SELECT tenant_id, student_id, '{}', 'absent' FROM students LIMIT 1 RETURNING date"
    )
    assert len(archived.ask("oak", late.format("2019-05-02"))) == 1
    with pytest.raises(DBAPIError, match="2019-03 is archived"):
        archived.ask("oak", late.format("2019-03-05"))
    with catalog.owner_in(url, archived.tenants["oak"]) as db:
        way = text("SELECT rollbook_make_way_for_load('attendance_records_' || cast(:month AS text))")
        assert [db.scalar(way, {"month": month}) for month in ("2019_03", "2019_07")] == [False, True]


def test_a_month_is_known_by_its_bounds_not_by_its_name(world: World) -> None:
    before = world.rows()
    with catalog.owner(world.keeping.owner_url) as db:
        db.execute(text("ALTER TABLE attendance_records_2019_02 RENAME TO weather"))

    due = running.due(world.keeping, table=TABLE, before=MARCH)
    running.run(world.keeping, table=TABLE, before=MARCH)
    for slug in world.tenants:
        restoring.restore(world.keeping, world.tenants[slug], TABLE, FEBRUARY)

    assert [(one.month, one.relation) for one in due] == [(FEBRUARY, "weather")]
    assert world.rows() == before


def test_a_detaching_that_others_held_up_is_finished_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.rows()
    with transaction(world.app, Visibility(world.tenants["oak"])) as reader:
        assert reader.execute(text(COUNT)).scalar_one() > 0
        monkeypatch.setattr(partitions, "_TRIES", 1)
        with pytest.raises(TableBusy):
            running.run(world.keeping, table=TABLE, before=MARCH)
        pending = [one.first_day for one in _months(world) if one.is_detaching]
        assert pending == [FEBRUARY]
        assert "detached" in _unwell(world)
    monkeypatch.undo()

    done = running.run(world.keeping, table=TABLE, before=MARCH)

    assert [one.month for one in done] == [FEBRUARY, FEBRUARY]
    assert "detached" not in _unwell(world)
    assert world.whole("elm") == [[len(before["elm"])]]


def test_a_run_that_stopped_before_dropping_is_gone_on_with_even_without_a_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.rows()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "_drop", stop)
    with pytest.raises(KeyboardInterrupt):
        running.run(world.keeping, table=TABLE, before=MARCH)
    monkeypatch.undo()
    lost, kept = catalog.every(world.keeping.owner_url)
    world.keeping.store.path(lost.file).unlink()

    (written,) = running.run(world.keeping, table=TABLE, before=MARCH)

    assert (written.tenant_id, written.checksum) == (lost.tenant_id, lost.checksum)
    assert written.file != lost.file
    for one in (written, kept):
        restoring.restore(world.keeping, one.tenant_id, TABLE, FEBRUARY)
    assert world.rows() == before


def _months(world: World) -> list[partitions.Month]:
    with catalog.owner(world.keeping.owner_url) as db:
        return partitions.find_months(db, TABLE)


def _unwell(world: World) -> dict[str, State]:
    found = health.look_over(world.keeping.owner_url, world.keeping.store)
    return {one.name: one.state for one in found if one.state is not State.FINE}
