"""A database that was put back to an earlier hour, months that are half taken out, rows there twice."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from ops.archived import APRIL, COUNT, FEBRUARY, MARCH, TABLE, World
from ops.test_archive_care import a_student, files, names
from rollbook.core.acting import act
from rollbook.core.checks import State
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.ops.archive import adopting, catalog, health, partitions, querying, restoring, running
from rollbook.ops.archive.catalog import Archived, owner, owner_in
from rollbook.ops.archive.errors import FileMissing, MonthDoubled, MonthLeaving, ValueUnfit, ValueUnreadable
from rollbook.ops.archive.exporting import opened
from rollbook.ops.archive.rewriting import forget_gone, forget_values
from rollbook.privacy.erasing import MonthHalfArchived, erase


def erased(world: World) -> None:
    with act("test"), owner_in(world.keeping.owner_url, world.tenants["oak"]) as db:
        erase(db, db.get_one(Tenant, world.tenants["oak"]), a_student(world), basis="request 7")


def put_back(world: World, slug: str, old: list[Archived]) -> None:
    """Have the archive as it was, as after the database was restored to that hour."""
    with owner_in(world.keeping.owner_url, world.tenants[slug]) as db:
        for one in old:
            catalog.keep(db, one)


def found(world: World) -> dict[str, State]:
    return {one.name: one.state for one in health.look_over(world.keeping.owner_url, world.keeping.store)}


def test_a_file_that_is_gone_keeps_no_other_from_forgetting(archived: World) -> None:
    gone = files(archived, "oak")[0]
    archived.keeping.store.path(gone.file).unlink()
    erased(archived)

    with pytest.raises(FileMissing):
        forget_gone(archived.keeping)

    assert {one.month: one.row_count for one in files(archived, "oak")} == {FEBRUARY: 240, MARCH: 11 * 21}


@pytest.fixture
def restored(archived: World) -> World:
    """The database is that of before an erasure, the folder that of after it."""
    old = files(archived, "oak")
    erased(archived)
    forget_gone(archived.keeping)
    put_back(archived, "oak", old)
    return archived


def test_what_was_written_anew_is_taken_for_what_is_gone(restored: World) -> None:
    with pytest.raises(FileMissing, match="rollbook archive adopt"):
        restored.whole("oak")
    assert (found(restored)["archive"], found(restored)["archive-strangers"]) == (State.WRONG, State.WARNING)

    done = adopting.adopt(restored.keeping)

    assert ([one.month for one in done.adopted], done.lost) == ([FEBRUARY, MARCH], [])
    assert len(names(restored)) == 11
    assert {one.name: one for one in health.look_over(restored.keeping.owner_url, restored.keeping.store)}[
        "archive"
    ].state is State.FINE
    assert "archive-strangers" not in found(restored)
    assert adopting.adopt(restored.keeping) == adopting.Adopted([], [])


def test_files_that_may_be_needed_are_not_swept_away(restored: World) -> None:
    """The database was restored to the moment after the new file was noted as trash, before it was kept."""
    store = restored.keeping.store
    new = [file for file in store.files() if file not in {one.file for one in files(restored, "elm")}]
    with owner(restored.keeping.owner_url) as db:
        for file in new:
            catalog.throw_away(db, file)

    running.run(restored.keeping, table=TABLE, before=FEBRUARY)
    adopting.adopt(restored.keeping)
    running.run(restored.keeping, table=TABLE, before=FEBRUARY)

    assert sorted(one.file for one in files(restored, "oak")) == sorted(new)
    assert len(names(restored)) == 11


def test_nothing_is_taken_for_a_month_but_its_own_file(restored: World) -> None:
    store = restored.keeping.store
    february, march = (sorted(store.folder.glob(f"*/2019-{month}-*.json")) for month in ("02", "03"))
    theirs = {store.path(one.file).stem for one in files(restored, "elm")}
    (mine,) = (path for path in february if path.stem not in theirs)
    (other,) = (path for path in march if path.stem not in theirs)
    shutil.copy(other.with_suffix(".parquet"), mine.with_suffix(".parquet"))
    told = json.loads(other.read_text())
    mine.write_text(json.dumps(told | {"file": f"{TABLE}/{mine.stem}.parquet", "month": "2019-02-01"}))
    (mine.parent / "2019-02-rubbish.json").write_text("{")
    (mine.parent / "2019-02-worse.json").write_text(
        json.dumps(told | {"file": f"{TABLE}/2019-02-worse.parquet", "tenant_id": restored.tenants["oak"]})
    )

    done = adopting.adopt(restored.keeping)

    assert ([one.month for one in done.adopted], [one.month for one in done.lost]) == ([MARCH], [FEBRUARY])


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def half_out(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """February is out of its table, and not dropped: a run was killed there."""

    with monkeypatch.context() as patch:
        patch.setattr(running, "_export", stop)
        with pytest.raises(KeyboardInterrupt):
            running.run(world.keeping, table=TABLE, before=MARCH)
    yield


def test_nobody_is_erased_past_rows_that_are_half_taken_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with half_out(world, monkeypatch):
        with pytest.raises(MonthHalfArchived, match="attendance_records 2019-02"):
            erased(world)
        with transaction(world.app, Visibility(world.tenants["oak"])) as db:
            told = querying.query(db, world.keeping.store, COUNT)
        assert told.lacking == ["attendance_records 2019-02"]

    with monkeypatch.context() as patch:
        patch.setattr(running, "_drop", stop)
        with pytest.raises(KeyboardInterrupt):
            running.run(world.keeping, table=TABLE, before=MARCH)
    with pytest.raises(MonthLeaving):
        restoring.restore(world.keeping, world.tenants["oak"], TABLE, FEBRUARY)
    who = {a_student(world)}
    assert forget_values(world.keeping, world.tenants["oak"], TABLE, "student_id", who) == []

    running.run(world.keeping, table=TABLE, before=MARCH)
    with transaction(world.app, Visibility(world.tenants["oak"])) as db:
        assert querying.query(db, world.keeping.store, COUNT).lacking == []
    erased(world)


def test_a_month_that_moves_while_it_is_read_is_read_again(
    archived: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came back after the table was read, and before its files were: neither would have shown it."""
    find, moved = catalog.find, list[int]()

    def late(*asked: object) -> list[Archived]:
        if not moved:
            moved.append(1)
            restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)
        return find(*asked)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr("rollbook.ops.archive.querying.catalog.find", late)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "_TRIES", 3)
        assert archived.whole("oak") == [[240 + 252 + 264]]
    assert moved


def test_rows_that_the_archive_has_not_are_never_taken_for_those_it_has(archived: World) -> None:
    """Somebody wrote past the table's triggers, into a partition itself."""
    url, tenant = archived.keeping.owner_url, archived.tenants["oak"]
    partitions.ensure(url, TABLE, MARCH, MARCH)
    with owner_in(url, tenant) as db, opened(db, "attendance_records_2019_03"):
        db.execute(
            text(
                "INSERT INTO attendance_records_2019_03 (tenant_id, student_id, date, status)"
                " SELECT tenant_id, student_id, '2019-03-31', 'absent' FROM students"
            )
        )
    before = archived.whole("oak")

    with pytest.raises(MonthDoubled, match="archive restore attendance_records 2019-03"):
        running.run(archived.keeping, table=TABLE, before=APRIL)

    assert archived.whole("oak") == before
    restoring.restore(archived.keeping, tenant, TABLE, MARCH)
    running.run(archived.keeping, table=TABLE, before=APRIL)
    assert archived.whole("oak") == before


def test_a_month_that_fits_no_file_keeps_no_other(world: World) -> None:
    with owner_in(world.keeping.owner_url, world.tenants["oak"]) as db:
        db.execute(text(f"UPDATE {TABLE} SET known_at = 'infinity' WHERE date = '2019-02-05'"))
    february = world.ask("oak", f"{COUNT} WHERE date < '2019-03-01'")

    with pytest.raises(ValueUnfit, match="2019-02"):
        running.run(world.keeping, table=TABLE, before=APRIL)

    assert {one.month for one in files(world, "oak")} == {MARCH}
    assert world.ask("oak", f"{COUNT} WHERE date < '2019-03-01'") == february
    with pytest.raises(ValueUnreadable):
        world.whole("oak")
