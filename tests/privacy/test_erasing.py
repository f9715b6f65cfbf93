"""An erased student is nowhere in the database; what stays says so, and the seals tell it from tampering."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from privacy.cast import ENCRYPTED, STRINGS, keep_subject
from privacy.world import BASIS, World
from rollbook.core.encryption import sealed_columns
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.intake.erased import has_erased
from rollbook.migrations import ddl_seals
from rollbook.ops.binaries import find_binaries
from rollbook.privacy import erasing
from rollbook.privacy.about import TABLES, Subject, rows_about, tables_about, with_versions
from rollbook.privacy.erasing import BasisMissing, BasisNamesStudent, HeldLegally, erase
from rollbook.privacy.holds import end_hold, place_hold
from rollbook.roster.admitting import AdmittedAgain, NewStudent, admit_student
from rollbook.roster.enrolling import Placement
from rollbook.roster.models import School
from rollbook.roster.service import StudentNotFound
from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of

ROWS = text(
    "SELECT (SELECT count(*) FROM students WHERE student_id = :id) AS students,"
    " (SELECT count(*) FROM attendance_records WHERE student_id = :id) AS marks,"
    " (SELECT count(*) FROM grades WHERE student_id = :id) AS grades,"
    " (SELECT count(*) FROM incident_participants WHERE student_id = :id) AS parts"
)
INCIDENT = text("SELECT count(*) FROM discipline_incidents WHERE incident_id = :id")


@pytest.fixture
def world(fresh_database: Database) -> Iterator[World]:
    app, owner = (create_engine(url) for url in (fresh_database.url, fresh_database.owner_url))
    with Session(app) as db, db.begin():
        tenant = ensure_tenant(db, "privacy", name="Privacy Schools")
        look_through(db, Visibility(tenant.tenant_id))
        cast = keep_subject(db, tenant)
        made = World(app, owner, tenant.tenant_id, cast)
    made.seal()
    yield made
    app.dispose()
    owner.dispose()


def dump(server: TestServer, database: Database) -> str:
    """Return all that the database holds, as the superuser sees it: also what the planner keeps of values."""
    with superuser_of(server, database) as superuser, superuser.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        info = raw.info
        name = info.dbname
        at = {"PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user, "PGPASSWORD": info.password}
        kept = connection.execute(text("SELECT string_agg(row(s.*)::text, chr(10)) FROM pg_stats AS s"))
        statistics: str = kept.scalar_one()
    done = subprocess.run(
        [find_binaries().program("pg_dump"), "--dbname", name],
        env=os.environ | at,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + statistics


def found_in(dumped: str) -> set[str]:
    """Return which of the student's strings are somewhere in a dump."""
    return {name for name, said in STRINGS.items() if said in dumped}


def ciphertexts(world: World) -> set[str]:
    """Return, as a dump writes it, what is there of encrypted columns, of whomever."""
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        return {
            value.hex()
            for name in ("students", "students_history", "guardians", "guardians_history")
            for row in db.execute(select(*(TABLES[name].c[one] for one in sealed_columns(TABLES[name]))))
            for value in row
            if value is not None
        }


def test_an_erased_student_is_nowhere_in_the_database(
    world: World, rollbook_server: TestServer, fresh_database: Database
) -> None:
    with superuser_of(rollbook_server, fresh_database) as superuser, superuser.begin() as connection:
        connection.execute(text("ANALYZE"))
    before, sealed = dump(rollbook_server, fresh_database), ciphertexts(world)
    erased = world.erase()
    after, kept = dump(rollbook_server, fresh_database), ciphertexts(world)

    assert found_in(before) == set(STRINGS) - ENCRYPTED, "else nothing could be missing"
    assert all(value in before for value in sealed), "encrypted ones are there as ciphertext"
    assert len(sealed - kept) >= len(ENCRYPTED)
    assert found_in(after) == set()
    assert not [value for value in sealed - kept if value in after]
    assert "Maria" in before
    assert "Maria" not in after, "the mother has no other child here"
    assert erased.quoted == {}


def test_no_row_about_the_student_is_left_but_in_the_log_of_disclosures(world: World) -> None:
    subject = Subject(world.tenant_id, world.cast.student_id)

    def left() -> dict[str, int]:
        with transaction(world.app, Visibility(world.tenant_id)) as db:
            query = {
                table.name: select(func.count()).select_from(table).where(rows_about(table, subject))
                for name in tables_about()
                for table in with_versions(name)
            }
            counts = {name: db.execute(one).scalar_one() for name, one in query.items()}
        return {name: count for name, count in counts.items() if count}

    before = left()
    erased = world.erase()

    assert len(before) > 30, "there was something nearly everywhere"
    assert set(left()) == {"disclosures"}
    assert erased.removed["students"] == 1
    assert erased.removed["students_history"] >= 2
    assert set(before) - set(erased.removed) <= {"disclosures", *erasing.COUNTED}


def test_the_classmate_and_what_is_shared_stay(world: World) -> None:
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        before = db.execute(ROWS, {"id": world.cast.classmate_id}).one()
    erased = world.erase()

    with transaction(world.app, Visibility(world.tenant_id)) as db:
        assert db.execute(ROWS, {"id": world.cast.classmate_id}).one() == before
        assert db.scalar(INCIDENT, {"id": world.cast.shared_incident_id}) == 1
        assert db.scalar(INCIDENT, {"id": world.cast.incident_id}) == 0
    assert "incidents that other students had a part in" in {one.what for one in erased.kept}


def test_it_says_what_it_kept_and_why_and_the_erasure_names_nobody(world: World) -> None:
    erased = world.erase()
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        kept = db.execute(text("SELECT * FROM erasures")).mappings().one()
        noted = db.scalars(text("SELECT changes::text FROM audit_writes WHERE table_name = 'erasures'")).all()

    assert kept["basis"] == BASIS
    assert kept["removed"] == dict(erased.removed)
    assert [one["why"] for one in kept["kept"]] == [one.why for one in erased.kept]
    assert "99.32" in erased.kept[0].why
    assert len(noted) == 1
    assert found_in(str(kept) + "".join(noted)) == set()


def test_the_seals_hold_and_say_how_much_was_taken_out(world: World) -> None:
    before = world.verify()
    erased = world.erase()
    after = world.verify()
    world.seal()

    assert (before.findings, before.redacted) == ([], 0)
    assert after.findings == [], "an erasure is no tampering"
    assert after.redacted == erased.redactions > 20
    assert world.verify().findings == []


DRESSED = (
    # a value is taken out, as an erasure would, and no erasure says so
    (
        (
            "UPDATE audit_writes SET changes = jsonb_set(changes, '{0}', jsonb_build_object('erasure', 1,"
            " 'redacted', encode(sha256(convert_to((changes -> 0)::text, 'UTF8')), 'hex')))"
            " WHERE write_id = (SELECT max(write_id) FROM audit_writes WHERE table_name = 'schools')"
        ),
        "hidden",
    ),
    # something else is put beside what an erasure took out
    (
        (
            "UPDATE audit_writes SET changes = jsonb_set(changes, '{0,key}', '\"forged\"')"
            " WHERE write_id = (SELECT min(row_id) FROM audit_redactions WHERE log = 'writes')"
        ),
        "edited",
    ),
    # the same with another digest
    (
        (
            "UPDATE audit_writes SET changes ="
            " jsonb_set(changes, '{0,redacted}', to_jsonb(repeat('a', 64)))"
            " WHERE write_id = (SELECT min(row_id) FROM audit_redactions WHERE log = 'writes')"
        ),
        "edited",
    ),
    # who did it, in a row that was redacted
    (
        (
            "UPDATE audit_writes SET who = 'somebody else'"
            " WHERE write_id = (SELECT min(row_id) FROM audit_redactions WHERE log = 'writes')"
        ),
        "edited",
    ),
    # a purpose is written where one was taken out
    (
        (
            "UPDATE disclosures SET purpose = 'nothing'"
            " WHERE disclosure_id = (SELECT min(row_id) FROM audit_redactions WHERE log = 'disclosures')"
        ),
        "edited",
    ),
    # more is listed as redacted than the log of writes noted
    (
        (
            "ALTER TABLE audit_redactions DISABLE TRIGGER USER; INSERT INTO audit_redactions"
            " SELECT tenant_id, 'writes', max(write_id), 1, 1, repeat('a', 64) FROM audit_writes"
            " WHERE table_name = 'schools' GROUP BY tenant_id"
        ),
        "hidden",
    ),
    ("DELETE FROM audit_redactions WHERE log = 'writes'", "hidden"),
    ("ALTER TABLE erasures DISABLE TRIGGER USER; DELETE FROM erasures", "hidden"),
)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [pytest.param(*each, marks=pytest.mark.slow if n > 1 else ()) for n, each in enumerate(DRESSED)],
)
def test_a_tampering_dressed_as_an_erasure_is_found(world: World, statement: str, kind: str) -> None:
    world.erase()
    assert world.verify().findings == []
    world.tamper(*statement.split("; "))

    assert kind in {one.kind for one in world.verify().findings}


def test_under_a_seal_of_an_earlier_release_it_is_said_what_is_not_proven(world: World) -> None:
    former = ddl_seals.SEALS[ddl_seals.SEALS.index("CREATE FUNCTION rollbook_seal_log") :]
    former = former.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    world.tamper(
        "DELETE FROM audit_seals", former.replace("block.hash :=", "block.leaf_version := 1; block.hash :=")
    )
    world.seal()
    assert world.verify().findings == []
    world.erase()

    kinds = [one.kind for one in world.verify().findings]

    assert set(kinds) == {"redacted"}


def test_a_legal_hold_stands_before_an_erasure(world: World) -> None:
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        place_hold(db, world.tenant_id, world.cast.student_id, "case 12")
    with pytest.raises(HeldLegally):
        world.erase()
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        assert end_hold(db, world.tenant_id, world.cast.student_id) == 1

    assert world.erase().removed["legal_holds"] == 1


def test_why_must_be_said_and_must_not_name_the_student(world: World) -> None:
    for basis, fault in ((" ", BasisMissing), ("Quixotewicz asked", BasisNamesStudent)):
        with pytest.raises(fault):
            world.erase(basis)


def test_nobody_is_erased_twice(world: World) -> None:
    world.erase()

    with pytest.raises(StudentNotFound):
        world.erase()


def test_an_erasure_that_fails_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(erasing, "_redact", fail)
    with pytest.raises(RuntimeError):
        world.erase()

    with transaction(world.app, Visibility(world.tenant_id)) as db:
        assert db.execute(ROWS, {"id": world.cast.student_id}).one().students == 1
        assert not has_erased(db, world.tenant_id)
    assert world.verify().findings == []


def test_nobody_admits_them_again_by_hand(world: World) -> None:
    world.erase()
    again = NewStudent(STRINGS["number"], "Some", "Body")
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        place = Placement(db.scalars(select(School.school_id)).first() or uuid4(), date(2026, 1, 12))
        with pytest.raises(AdmittedAgain, match="rollbook privacy readmit"):
            admit_student(db, world.tenant_id, again, place)
        admit_student(db, world.tenant_id, replace(again, student_number="another"), place)


def test_the_app_itself_cannot_erase(world: World) -> None:
    with transaction(world.app, Visibility(world.tenant_id)) as db, pytest.raises(ProgrammingError):
        erase(db, db.get_one(Tenant, world.tenant_id), world.cast.student_id, basis=BASIS)
