"""How people are reached is encrypted from the file to the page, and nobody notices but who steals a dump."""

import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from core.rings import ring_at
from exchange.csvs import Place, counts, csv_text
from rollbook.accounts.models import Role
from rollbook.accounts.second_factor import enrol
from rollbook.accounts.service import add_user
from rollbook.core import keyring
from rollbook.core.encryption import CiphertextRefused, key_of, open_version, sealed_columns
from rollbook.core.schema import Base
from rollbook.core.tenancy import find_tenant
from rollbook.intake.undo import undo
from rollbook.ops import rekeying
from rollbook.ops.binaries import find_binaries
from rollbook.ops.embedded import connect_as_superuser
from rollbook.roster.guardians import Person, Tie, add_guardian
from rollbook.roster.listing import StudentFilter, find_students
from rollbook.roster.profiles import profile_of
from rollbook.testing.databases import Database, TestServer

DAY = date(2025, 11, 3)
ADA = {"student_number": "1", "last_name": "Byron", "phone": "555-0177-4242", "address": "9 Xylophone Court"}
BEN = {"student_number": "2", "last_name": "Hopper", "phone": "555-0188-4343", "address": ""}
CAL = {"student_number": "3", "last_name": "Noether", "phone": "", "address": ""}
STUDENTS = csv_text(ADA, BEN, CAL)
GUARDIANS = (
    "guardian_number,first_name,last_name,email,phone,student_number,relation\n"
    "G1,Anne,Isabella,anne@home.example,555-0303-4646,1,mother\n"
)
NUMBERS = "SELECT student_number, phone, address FROM students ORDER BY student_number"


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Iterator[Place]:
    with ring_at(tmp_path / "keyring.json"):
        yield Place(fresh_database.url, tmp_path)


def reached(place: Place, table: str = "students") -> list[tuple[str, str | None, str | None]]:
    """Return number, telephone and address (of guardians: e-mail) as they are read, in their order."""
    rows = Base.metadata.tables[table]
    with place.session() as db:
        tenant_id = find_tenant(db, place.slug).tenant_id
        found = [open_version(rows, tenant_id, dict(row)) for row in db.execute(rows.select()).mappings()]
    number, second = ("student_number", "address") if "address" in rows.c else ("guardian_number", "email")
    return sorted((row[number], row["phone"], row[second]) for row in found)


def profile_phones(place: Place) -> list[str | None]:
    with place.session() as db:
        tenant_id = find_tenant(db, place.slug).tenant_id
        lines = find_students(db, tenant_id, DAY, StudentFilter()).rows
        return [profile_of(db, tenant_id, line.student_id).contact.phone for line in lines]


def enrolled(place: Place) -> str:
    """Give a user a second factor; return its secret."""
    with place.session() as db:
        user = add_user(
            db,
            tenant_id=find_tenant(db, place.slug).tenant_id,
            email="grace@oak.example",
            full_name="Grace",
            role=Role.STAFF,
            password=None,
        )
        secret = enrol(db, user).secret
        db.commit()
    return secret


def keys_in_use(place: Place) -> set[str]:
    rows = place.rows(NUMBERS)
    return {key_of(value) for _, *values in rows for value in values if value is not None}


def test_what_came_in_is_read_back(place: Place) -> None:
    place.bring("students", STUDENTS)

    assert reached(place) == [
        ("1", "555-0177-4242", "9 Xylophone Court"),
        ("2", "555-0188-4343", None),
        ("3", None, None),
    ]
    assert sorted(filter(None, profile_phones(place))) == ["555-0177-4242", "555-0188-4343"]
    assert all(value[0] == 1 for _, *values in place.rows(NUMBERS) for value in values if value)


def test_the_same_again_writes_nothing_before_while_and_after_keys_are_rotated(
    place: Place, fresh_database: Database
) -> None:
    def again() -> tuple[int, int, int]:
        return counts(place.bring("students", STUDENTS))["students"]

    assert again() == (3, 0, 0)
    before = place.rows(NUMBERS)
    assert again() == (0, 0, 3)

    keyring.add_key()
    assert again() == (0, 0, 3), "values that are under the old key yet are no change"
    assert place.rows(NUMBERS) == before

    rekeying.rotate(fresh_database.owner_url)
    assert place.rows(NUMBERS) != before
    assert again() == (0, 0, 3)
    assert keys_in_use(place) == {keyring.ring().primary}
    assert place.rows("SELECT count(*) FROM students_history") == [(0,)], "another key is no new version"


def test_one_changed_number_is_one_change(place: Place) -> None:
    place.bring("students", STUDENTS)
    changed = place.bring("students", csv_text(ADA | {"phone": "555-0199"}, BEN, CAL))

    (table,) = changed.tables
    assert (table.changed, dict(table.columns)) == (1, {"phone": 1})
    assert reached(place)[0] == ("1", "555-0199", "9 Xylophone Court")
    assert reached(place, "students_history") == [("1", "555-0177-4242", "9 Xylophone Court")]


def test_an_import_is_undone_over_a_rotation(place: Place, fresh_database: Database) -> None:
    place.bring("students", STUDENTS)
    before = reached(place)
    second = place.bring("students", csv_text(ADA | {"phone": "555-0199", "address": ""}, BEN))
    rekeying.rotate(fresh_database.owner_url)

    with place.session() as db:
        assert second.import_id
        undo(db, find_tenant(db, place.slug), second.import_id, who="ada")
        db.commit()

    assert reached(place) == before
    assert counts(place.bring("students", STUDENTS))["students"] == (0, 0, 3)


def test_guardians_are_reached_and_the_same_again_writes_nothing(
    place: Place, fresh_database: Database
) -> None:
    place.bring("students", STUDENTS)
    place.bring("guardians", GUARDIANS)
    with place.session() as db:
        tenant_id = find_tenant(db, place.slug).tenant_id
        ((ada,),) = place.rows("SELECT student_id FROM students WHERE student_number = '1'")
        add_guardian(db, tenant_id, ada, Person("G2", "Ida", "King", None, "555-0404"), Tie("aunt"))
        found = profile_of(db, tenant_id, ada).guardians
        db.commit()

    assert {(one.guardian_number, one.email, one.phone) for one in found} == {
        ("G1", "anne@home.example", "555-0303-4646"),
        ("G2", None, "555-0404"),
    }
    rekeying.rotate(fresh_database.owner_url)
    assert counts(place.bring("guardians", GUARDIANS))["guardians"] == (0, 0, 1)
    assert place.rows("SELECT count(*) FROM guardians_history") == [(0,)]


def test_a_view_in_sql_names_a_guardian_and_no_more(place: Place) -> None:
    """SQL has no keys, whoever asks: that is what encryption is for."""
    place.bring("students", STUDENTS)
    place.bring("guardians", GUARDIANS)

    assert place.rows("SELECT parent_contact FROM edupulse.students WHERE district_id = '1'") == [
        ("Anne Isabella",)
    ]


def test_a_value_is_refused_in_another_row(place: Place) -> None:
    place.bring("students", STUDENTS)
    with place.session() as db:
        copied = "UPDATE students SET phone = other.phone FROM students AS other"
        db.connection().exec_driver_sql(
            f"{copied} WHERE students.student_number = '2' AND other.student_number = '1'"
        )
        db.commit()
    with pytest.raises(CiphertextRefused, match=r"students\.phone") as refused:
        reached(place)
    assert "555" not in str(refused.value)


def test_two_tenants_share_nothing(place: Place, tmp_path: Path, fresh_database: Database) -> None:
    """Neither the bytes of the same number, nor what a search finds, nor how much it finds."""
    other = Place(fresh_database.url, tmp_path, "elm-valley")
    place.bring("students", STUDENTS)
    other.bring("students", csv_text(ADA, BEN | {"last_name": "Abara"}))

    ours, theirs = (
        {value[5:] for _, *of in one.rows(NUMBERS) for value in of if value} for one in (place, other)
    )
    assert not ours & theirs
    pieces = {value[at : at + 4] for value in ours for at in range(len(value) - 3)}
    assert not [v for v in theirs for at in range(len(v) - 3) if v[at : at + 4] in pieces]
    for one, name, count in ((place, "hopper", 1), (other, "hopper", 0), (other, "byron", 1)):
        with one.session() as db:
            tenant_id = find_tenant(db, one.slug).tenant_id
            page = find_students(db, tenant_id, DAY, StudentFilter(q=name))
            assert (len(page.rows), page.total) == (count, count)
            assert find_students(db, tenant_id, DAY, StudentFilter(q="555-0177")).total == 0


def dump(server: TestServer, database: Database) -> bytes:
    """Return what pg_dump makes of the whole database."""
    name = make_url(database.url).database or ""
    with connect_as_superuser(server.settings, name) as db:
        password = db.info.password
        where = ["--host", db.info.host, "--port", str(db.info.port), "--username", db.info.user, name]
    program = find_binaries(server.settings.database_bin).program("pg_dump")
    made = subprocess.run(
        [program, *where], env={**os.environ, "PGPASSWORD": password}, capture_output=True, check=True
    )
    return made.stdout


def test_a_dump_has_none_of_it(place: Place, rollbook_server: TestServer, fresh_database: Database) -> None:
    """Not in a table, not in a history, not in the audit; what is plain is found, so it was looked for."""
    place.bring("students", STUDENTS)
    place.bring("students", csv_text(ADA | {"phone": "555-0199-4444"}))
    rekeying.rotate(fresh_database.owner_url)
    place.bring("students", csv_text(ADA | {"phone": "555-0200-4545"}))
    secret = enrolled(place)
    place.bring("guardians", GUARDIANS)
    place.bring("guardians", GUARDIANS.replace("anne@", "annette@"))
    numbers = (
        *("555-0177-4242", "555-0188-4343", "555-0199-4444", "555-0200-4545", "9 Xylophone Court"),
        *("555-0303-4646", "anne@home.example", "annette@home.example", secret),
    )
    tables = ("students", "students_history", "guardians", "guardians_history")
    told = {number for table in tables for row in reached(place, table) for number in row}
    assert told | {secret} >= set(numbers)
    assert len(place.rows("SELECT 1 FROM audit_writes WHERE changes::text LIKE '%phone%'")) >= 2

    found = dump(rollbook_server, fresh_database)

    for number in numbers:
        plain = number.encode()
        assert plain not in found
        assert plain.hex().encode() not in found, "nor as bytea"
    assert b"Noether" in found
    for key in keyring.ring().keys.values():
        assert key.secret not in found
        assert key.secret.hex().encode() not in found


def test_a_plain_number_is_found(place: Place, rollbook_server: TestServer, fresh_database: Database) -> None:
    """The control: one in the column's old form, planted past the type's rule."""
    place.bring("students", STUDENTS)
    with connect_as_superuser(rollbook_server.settings, make_url(fresh_database.url).database or "") as db:
        db.execute("SET session_replication_role = replica")
        db.execute("ALTER DOMAIN sealed DROP CONSTRAINT sealed_no_plain")
        db.execute("UPDATE students SET phone = '\\x00'::bytea || '555-0177-9999' WHERE student_number = '1'")

    assert b"555-0177-9999".hex().encode() in dump(rollbook_server, fresh_database)


def test_what_is_declared_encrypted_is_so_in_the_database(db: Session) -> None:
    """Each table's and its history's; and no column is of the type that no model declares."""
    declared = {
        (table.name, name) for table in Base.metadata.tables.values() for name in sealed_columns(table)
    }
    columns = db.connection().exec_driver_sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE domain_name = 'sealed'"
    )

    assert {(row.table_name, row.column_name) for row in columns} == declared
    assert {("students", "phone"), ("guardians_history", "email"), ("totp_secrets", "secret")} <= declared
    vouched = "SELECT convalidated FROM pg_constraint WHERE conname = 'sealed_no_plain'"
    assert db.connection().exec_driver_sql(vouched).scalar_one() is True


def test_the_ring_is_needed_only_for_what_is_encrypted(place: Place) -> None:
    keyring.ring_path().unlink()
    assert counts(place.bring("students", csv_text(CAL)))["students"] == (1, 0, 0)
    with pytest.raises(keyring.RingMissing):
        place.bring("students", csv_text(ADA))
    assert reached(place) == [("3", None, None)], "nothing of it is written"
    assert not keyring.ring_path().exists(), "and no other ring is made"
