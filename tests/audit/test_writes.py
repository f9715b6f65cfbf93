"""Every statement that writes is in the audit: what it did, who and why; and nobody writes there by hand."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.core.acting import act
from rollbook.core.tenancy import Tenant, Visibility, look_through, sign
from rollbook.reporting.log import Wanted, Written, writings
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

SCHOOLS = text(
    "INSERT INTO schools (tenant_id, school_code, name, school_type)"
    " SELECT :tenant, 'S' || n, 'School ' || n, 'high' FROM generate_series(1, :rows) AS n"
)
CALLS = {
    "insert": "INSERT INTO audit_writes SELECT * FROM audit_writes",
    "update": "UPDATE audit_writes SET who = 'nobody'",
    "delete": "DELETE FROM audit_writes",
    "truncate": "TRUNCATE audit_writes",
    "disclosures": "DELETE FROM disclosures",
    "seals": "UPDATE audit_seals SET hash = ''",
    "function": "SELECT rollbook_audit_note(1, 'students', 'INSERT', 1, NULL, NULL)",
    "trigger": "CREATE TEMP TABLE t (tenant_id int); CREATE TRIGGER t AFTER INSERT ON t"
    " REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollbook_audit()",
}


def newest(db: Session, tenant: Tenant) -> Written:
    return writings(db, tenant.tenant_id, Wanted())[0]


def test_an_update_is_kept_with_what_it_changed(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, name="Ada Byron")
    student.first_name, student.grade_level = "Augusta", student.grade_level
    db.flush()

    written = newest(db, tenant)

    assert (written.table_name, written.command, written.row_count) == ("students", "UPDATE", 1)
    assert written.changes == [
        {
            "key": {"student_id": str(student.student_id)},
            "old": {"first_name": "Ada"},
            "new": {"first_name": "Augusta"},
        }
    ]


def test_an_insert_is_kept_by_its_key_and_a_delete_with_what_was_there(db: Session, tenant: Tenant) -> None:
    school = make.create_school(db, code="OAK", name="Oak High School")
    key = {"school_id": str(school.school_id)}
    inserted = newest(db, tenant)
    db.execute(text("DELETE FROM schools WHERE school_code = 'OAK'"))
    deleted = newest(db, tenant)

    assert (inserted.command, inserted.changes) == ("INSERT", [{"key": key}])
    assert deleted.command == "DELETE"
    assert deleted.changes is not None
    assert deleted.changes[0]["key"] == key
    assert deleted.changes[0]["old"]["name"] == "Oak High School"


def test_a_changed_key_is_a_row_gone_and_a_row_come(db: Session, tenant: Tenant) -> None:
    make.create_school(db, code="OAK")
    db.execute(text("UPDATE schools SET school_id = '00000000-0000-7000-8000-000000000001'"))

    changes = newest(db, tenant).changes or []

    assert sorted(sorted(change["old"]) == [] for change in changes) == [False, True]
    assert {"00000000-0000-7000-8000-000000000001"} < {change["key"]["school_id"] for change in changes}


def test_a_statement_that_touches_nothing_is_not_kept(db: Session, tenant: Tenant) -> None:
    before = newest(db, tenant)
    db.execute(text("UPDATE students SET first_name = 'X' WHERE false"))

    assert newest(db, tenant) == before


def test_of_a_thousand_rows_each_is_kept_and_of_more_their_number_and_a_digest(
    db: Session, tenant: Tenant
) -> None:
    db.execute(SCHOOLS, {"tenant": tenant.tenant_id, "rows": 1000})
    few = newest(db, tenant)
    db.execute(text("DELETE FROM schools"))
    db.execute(SCHOOLS, {"tenant": tenant.tenant_id, "rows": 1001})
    many = newest(db, tenant)

    assert (few.row_count, len(few.changes or [])) == (1000, 1000)
    assert (many.row_count, many.changes) == (1001, None)


def test_the_digest_is_of_the_rows_whatever_their_order(db: Session, tenant: Tenant) -> None:
    db.execute(SCHOOLS, {"tenant": tenant.tenant_id, "rows": 1500})
    db.execute(text("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM schools"))
    for order in ("school_code", "school_code DESC LIMIT 1499", "name DESC"):
        db.execute(text("DELETE FROM schools"))
        db.execute(text(f"INSERT INTO schools SELECT * FROM kept ORDER BY {order}"))

    found = db.execute(text("SELECT digest FROM audit_writes WHERE command = 'INSERT' ORDER BY write_id"))
    first, same, fewer, again = [digest for digest in found.scalars() if digest]

    assert first == same == again
    assert fewer != first


def test_a_write_says_who_on_which_request_and_why(db: Session, tenant: Tenant) -> None:
    user = UUID(int=7)
    with act("dora", request_id="abc", purpose="rollbook import csv"):
        look_through(db, Visibility(tenant.tenant_id))
        make.create_school(db, code="A")
        by_command = newest(db, tenant)
        sign(db, user_id=user, purpose="POST /students")
        make.create_school(db, code="B")
        by_user = newest(db, tenant)

    assert (by_command.who, by_command.request_id, by_command.purpose) == (
        "dora",
        "abc",
        "rollbook import csv",
    )
    assert (by_user.request_id, by_user.purpose) == ("abc", "POST /students")
    users = db.scalars(text("SELECT user_id FROM audit_writes ORDER BY write_id DESC LIMIT 2")).all()
    assert users == [user, None]


def test_a_write_names_the_import_and_the_roles(db: Session) -> None:
    db.execute(text("SELECT set_config('rollbook.import', '42', true)"))
    make.create_school(db)

    row = db.execute(text("SELECT * FROM audit_writes ORDER BY write_id DESC LIMIT 1")).one()

    assert (row.by_import, row.session_role, row.acting_role) == (42, "rollbook_app", "rollbook_app")
    assert row.transaction_id == db.scalar(text("SELECT pg_current_xact_id()::text::bigint"))


def test_a_secret_is_named_and_never_kept(db: Session, tenant: Tenant) -> None:
    user = add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="tara@oak.example",
        full_name="Tara",
        role=Role.TEACHER,
        password="correct horse battery",
    )
    old = user.password_hash
    user.password_hash = "$argon2id$other"
    db.flush()

    changes = newest(db, tenant).changes
    everything = " ".join(map(str, db.execute(text("SELECT audit_writes::text FROM audit_writes")).scalars()))

    assert changes is not None
    assert changes[0]["old"] == changes[0]["new"] == {"password_hash": "(secret)"}
    assert old
    assert old not in everything
    assert "argon2id" not in everything


@pytest.mark.parametrize("statement", CALLS.values(), ids=CALLS)
def test_the_app_can_neither_forge_nor_change_nor_take_away(db: Session, statement: str) -> None:
    make.create_student(db)

    with pytest.raises(ProgrammingError, match="permission denied"):
        db.connection().exec_driver_sql(statement)


def test_another_tenants_log_and_a_caseloads_are_not_seen(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    rows = text("SELECT count(*) FROM audit_writes")
    whole: Any = db.scalar(rows)
    look_through(db, Visibility(tenant.tenant_id, [student.student_id]))
    caseload = db.scalar(rows)
    look_through(db, Visibility(tenant.tenant_id + 1))

    assert whole > 0
    assert (caseload, db.scalar(rows)) == (0, 0)


def test_what_cannot_be_audited_is_not_written(fresh_database: Database) -> None:
    app, owner = (create_engine(url) for url in (fresh_database.url, fresh_database.owner_url))
    _write_school(app, "FIRST")
    with owner.begin() as connection:
        connection.execute(text("REVOKE INSERT ON audit_writes FROM CURRENT_USER"))

    with pytest.raises(DBAPIError, match="permission denied for table audit_writes"):
        _write_school(app, "SECOND")

    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE schools NO FORCE ROW LEVEL SECURITY"))
        assert connection.execute(text("SELECT school_code FROM schools")).scalars().all() == ["FIRST"]
    app.dispose()
    owner.dispose()


def _write_school(engine: Engine, code: str) -> None:
    with Session(engine) as db, db.begin():
        tenant = db.scalar(text("SELECT set_config('rollbook.tenant_slug', 'oak', true)"))
        assert tenant
        known = db.scalar(text("SELECT tenant_id FROM tenants WHERE slug = 'oak'"))
        tenant_id = known or db.scalar(
            text("INSERT INTO tenants (slug, name) VALUES ('oak', 'Oak') RETURNING tenant_id")
        )
        look_through(db, Visibility(int(tenant_id or 0)))
        make.create_school(db, code=code)
