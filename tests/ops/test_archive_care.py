"""What the archive does with people who are erased, other keys, damaged files, values that fit no file."""

import shutil
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from ops.archived import COUNT, MARCH, TABLE, World
from rollbook.core import keyring
from rollbook.core.acting import act
from rollbook.core.checks import State
from rollbook.core.tenancy import Tenant
from rollbook.ops import rekeying
from rollbook.ops.archive import catalog, health, partitions, restoring, rewriting, running
from rollbook.ops.archive.catalog import Archived, owner, owner_in
from rollbook.ops.archive.errors import (
    FileDamaged,
    FileMissing,
    NotArchivable,
    NothingArchived,
    ValueUnfit,
)
from rollbook.ops.archive.rewriting import Forgotten
from rollbook.ops.rekeying import KeyInArchive
from rollbook.privacy.archiving import forget_past
from rollbook.privacy.erasing import erase

# Of those who are in the archive.
WHO = "SELECT DISTINCT student_id FROM attendance_records WHERE date < '2019-04-01' ORDER BY 1"


def files(world: World, slug: str) -> list[Archived]:
    with owner_in(world.keeping.owner_url, world.tenants[slug]) as db:
        return catalog.find(db)


def a_student(world: World) -> UUID:
    found: UUID = world.ask("oak", "SELECT min(student_id::text)::uuid FROM students")[0][0]
    return found


def names(world: World) -> list[str]:
    return [row[0] for row in world.whole("oak", WHO)]


def test_who_is_erased_leaves_the_archive_and_nobody_else_does(archived: World) -> None:
    student, elm, old = a_student(archived), files(archived, "elm"), files(archived, "oak")
    with act("test"), owner_in(archived.keeping.owner_url, archived.tenants["oak"]) as db:
        erase(db, db.get_one(Tenant, archived.tenants["oak"]), student, basis="request 7")
    assert str(student) in names(archived)

    done = rewriting.forget_gone(archived.keeping)

    assert done == [Forgotten(TABLE, 41, 2)]
    assert str(student) not in names(archived)
    assert len(names(archived)) == 11
    assert files(archived, "elm") == elm
    assert not any(archived.keeping.store.path(one.file).exists() for one in old)
    assert rewriting.forget_gone(archived.keeping) == []
    restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)
    assert archived.ask("oak", COUNT) == [(11 * (21 + 22),)]


def test_who_was_erased_stays_away_from_what_is_restored(archived: World) -> None:
    student = a_student(archived)
    with act("test"), owner_in(archived.keeping.owner_url, archived.tenants["oak"]) as db:
        erase(db, db.get_one(Tenant, archived.tenants["oak"]), student, basis="request 7")

    done = restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)

    assert done.row_count == 11 * 21


def test_who_left_long_ago_leaves_the_archive_by_the_rule(archived: World) -> None:
    student = a_student(archived)
    archived.ask(
        "oak",
        "WITH school AS (INSERT INTO schools (tenant_id, school_code, name, school_type)"
        " SELECT tenant_id, 'S', 'S', 'high' FROM tenants RETURNING *)"
        " INSERT INTO student_school_enrollments"
        " (tenant_id, student_id, school_id, school_year, entry_on, exit_on)"
        f" SELECT tenant_id, '{student}', school_id, 2011, date '2010-09-01', date '2011-06-10' FROM school"
        " RETURNING 1",
    )
    with owner_in(archived.keeping.owner_url, archived.tenants["oak"]) as db:
        oak = db.get_one(Tenant, archived.tenants["oak"])
        db.expunge(oak)

    assert forget_past(archived.keeping, oak) == [Forgotten(TABLE, 41, 2)]
    assert str(student) not in names(archived)


def test_with_another_key_the_files_are_written_anew(archived: World) -> None:
    url, (old, *_) = archived.keeping.owner_url, files(archived, "oak")
    whole = archived.whole("oak", f"SELECT * FROM {TABLE} ORDER BY ALL")
    first = keyring.ring().primary
    keyring.add_key()
    with pytest.raises(KeyInArchive, match="4 files"):
        rekeying.retire(url, first)

    assert rewriting.rekey(archived.keeping) == 4
    rekeying.retire(url, first)

    assert archived.whole("oak", f"SELECT * FROM {TABLE} ORDER BY ALL") == whole
    assert {one.key_id for one in files(archived, "oak")} == {keyring.ring().primary}
    assert not archived.keeping.store.path(old.file).exists()


def test_a_file_that_is_not_what_was_archived_is_refused(archived: World) -> None:
    store, (mine, other), theirs = archived.keeping.store, files(archived, "oak"), files(archived, "elm")[0]
    whole = store.path(mine.file).read_bytes()
    for damage in (whole[:-1], whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
        store.path(mine.file).write_bytes(damage)
        with pytest.raises(FileDamaged):
            restoring.restore(archived.keeping, mine.tenant_id, TABLE, mine.month)
    for strange in (other, theirs):
        shutil.copyfile(store.path(strange.file), store.path(mine.file))
        with owner_in(archived.keeping.owner_url, mine.tenant_id) as db:
            told = {"sha256": store.sha256(mine.file), "month": mine.month}
            db.execute(text("UPDATE archives SET sha256 = :sha256 WHERE month = :month"), told)
        with pytest.raises(FileDamaged):
            restoring.restore(archived.keeping, mine.tenant_id, TABLE, mine.month)
    store.path(mine.file).unlink()
    with pytest.raises(FileMissing):
        archived.whole("oak")
    found = {one.name: one for one in health.look_over(archived.keeping.owner_url, store)}
    assert (found["archive"].state, mine.file in found["archive"].sentence) == (State.WRONG, True)


def test_what_fits_no_file_stays_in_its_table(world: World) -> None:
    with owner_in(world.keeping.owner_url, world.tenants["oak"]) as db:
        db.execute(text(f"UPDATE {TABLE} SET known_at = 'infinity' WHERE date = '2019-02-05'"))
    before = world.rows()

    with pytest.raises(ValueUnfit):
        running.run(world.keeping, table=TABLE, before=MARCH)

    assert world.rows() == before
    assert world.rows("SELECT * FROM archives") == {"oak": [], "elm": []}
    with owner(world.keeping.owner_url) as db:
        walled = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname LIKE 'attendance_records%'"
        assert db.scalar(text(f"{walled} AND relkind = 'r' AND relname NOT LIKE '%history'")) is True


def test_silence_that_means_present_keeps_the_marks(world: World) -> None:
    world.ask(
        "elm",
        "WITH school AS (INSERT INTO schools (tenant_id, school_code, name, school_type)"
        " SELECT tenant_id, 'S', 'S', 'high' FROM tenants RETURNING *)"
        " INSERT INTO attendance_submissions (tenant_id, school_id, is_by_exception)"
        " SELECT tenant_id, school_id, true FROM school RETURNING 1",
    )
    before = world.rows()

    assert running.run(world.keeping, table=TABLE) == []
    assert {one.obstacle is None for one in running.due(world.keeping)} == {False}
    assert world.rows() == before


def test_only_what_may_and_is_there(archived: World) -> None:
    with pytest.raises(NotArchivable, match="attendance_records, analytics_events, activity_logs"):
        running.run(archived.keeping, table="audit_writes")
    with pytest.raises(NothingArchived, match="2018-01"):
        restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, date(2018, 1, 1))
    recent = date.today().replace(day=1)  # noqa: DTZ011 -- any day of now
    partitions.ensure(archived.keeping.owner_url, TABLE, recent, recent)
    assert recent not in {one.month for one in running.due(archived.keeping)}


def test_months_are_made_ahead_once(world: World) -> None:
    url = world.keeping.owner_url
    tables = {"attendance_records", "analytics_events", "activity_logs", "audit_writes", "disclosures"}
    partitions.make_ahead(url, 0)
    before = {one.name: one.state for one in health.look_over(url, world.keeping.store)}

    made = partitions.make_ahead(url, 2)

    assert before["months"] is State.WARNING
    assert (made["attendance_records"], set(made)) == (2, tables)
    assert partitions.make_ahead(url, 2) == dict.fromkeys(made, 0)
    assert {one.state for one in health.look_over(url, world.keeping.store)} == {State.FINE}
