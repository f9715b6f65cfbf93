"""`rollbook user`: the password comes from stdin, the staff number ties the user to students."""

import json
import subprocess

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.access.service import visibility_of
from rollbook.accounts import service, sessions
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.roster.models_families import Guardian, StudentGuardian
from rollbook.testing import factories as make
from rollbook.testing.databases import Database
from rollbook.testing.rows import add

PASSWORD = "correct horse battery"


def user(database: Database, *arguments: str, password: str = "") -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "user", *arguments, given=password)


ADD = ("add", "tara@oak.example", "--name", "Tara Teach", "--role", "teacher", "--password-stdin")


@pytest.fixture
def tenant_id(fresh_database: Database) -> int:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        staff = make.create_staff(db)
        staff.staff_number = "T100"
        section = make.create_section(db, teacher=staff)
        make.enroll_in_course(db, make.create_student(db), section)
    return tenant_id


@pytest.mark.usefixtures("tenant_id")
def test_a_user_is_added_listed_and_deactivated(fresh_database: Database) -> None:
    added = user(fresh_database, *ADD, "--staff", "T100", "--json", password=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["role"] == "teacher"

    engine = engine_for(fresh_database.url)
    with Session(engine) as db, db.begin():
        signed_in = service.sign_in(db, "tara@oak.example", PASSWORD)
        seen = visibility_of(db, signed_in.user).student_ids
    assert seen is not None
    assert len(seen) == 1, "the staff number ties them to their section"

    assert user(fresh_database, "deactivate", "tara@oak.example").returncode == 0
    listed = json.loads(user(fresh_database, "list", "--json").stdout)
    assert [(one["email"], one["is_active"]) for one in listed] == [("tara@oak.example", False)]
    with Session(engine) as db, db.begin(), pytest.raises(sessions.NotSignedIn):
        sessions.find_session(db, signed_in.token)


@pytest.mark.parametrize(
    ("extra", "password", "sentence"),
    [
        ((), "short", "A password has 15 to 128 characters"),
        (("--staff", "T999"), PASSWORD, "no staff member with the number 'T999'"),
        (("--tenant", "elm"), PASSWORD, "There is no tenant 'elm'"),
    ],
)
def test_a_user_that_cannot_be_added_is_not(
    fresh_database: Database, tenant_id: int, extra: tuple[str, ...], password: str, sentence: str
) -> None:
    refused = user(fresh_database, *ADD, *extra, password=password + "\n")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert sentence in refused.stderr
    assert password not in refused.stderr
    with transaction(engine_for(fresh_database.url), Visibility(tenant_id)) as db:
        assert service.list_users(db, tenant_id) == []


@pytest.mark.usefixtures("tenant_id")
def test_a_staff_record_is_not_taken_from_who_signs_in_with_it(fresh_database: Database) -> None:
    second = ("add", "new@oak.example", *ADD[2:], "--staff", "T100")
    assert user(fresh_database, *ADD, "--staff", "T100", password=PASSWORD + "\n").returncode == 0

    refused = user(fresh_database, *second, password=PASSWORD + "\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "'T100' already signs in as tara@oak.example" in refused.stderr
    assert "`rollbook user deactivate tara@oak.example`" in refused.stderr
    assert len(json.loads(user(fresh_database, "list", "--json").stdout)) == 1

    assert user(fresh_database, "deactivate", "tara@oak.example").returncode == 0
    assert user(fresh_database, *second, password=PASSWORD + "\n").returncode == 0, "as it said"


@pytest.mark.usefixtures("tenant_id")
def test_no_user_is_an_empty_list(fresh_database: Database) -> None:
    assert json.loads(user(fresh_database, "list", "--json").stdout) == []


def seen(database: Database, tenant_id: int, email: str) -> int:
    with transaction(engine_for(database.url), Visibility(tenant_id)) as db:
        ids = visibility_of(db, service.get_user(db, tenant_id, email)).student_ids
        return -1 if ids is None else len(ids)


def test_a_record_of_the_roster_is_tied_and_untied_without_sql(
    fresh_database: Database, tenant_id: int
) -> None:
    with transaction(engine_for(fresh_database.url), Visibility(tenant_id)) as db:
        child = make.create_student(db, number="S77")
        parent = add(db, Guardian(guardian_number="G1", first_name="Gail", last_name="Dee"))
        link = {"guardian_id": parent.guardian_id, "student_id": child.student_id}
        add(db, StudentGuardian(relation="mother", may_see_records=True, **link))
    people = {"tara": "teacher", "gail": "guardian", "stu": "student", "ruth": "researcher", "odd": "auditor"}
    for name, role in people.items():
        email = f"{name}@oak.example"
        added = user(fresh_database, "add", email, "--name", name, "--role", role, "--no-password")
        assert added.returncode == 0, added.stderr
        assert seen(fresh_database, tenant_id, email) == 0

    ties = {"tara": ("--staff", "T100"), "gail": ("--guardian", "G1"), "stu": ("--student", "S77")}
    for name, tie in ties.items():
        assert user(fresh_database, "tie", f"{name}@oak.example", *tie).returncode == 0
        assert seen(fresh_database, tenant_id, f"{name}@oak.example") == 1
    unnamed = user(fresh_database, "tie", "tara@oak.example")
    untied = user(fresh_database, "untie", "gail@oak.example", "--json")

    assert unnamed.returncode == 1
    assert "Say one of --staff" in unnamed.stderr
    assert json.loads(untied.stdout)["records"] == 1
    assert seen(fresh_database, tenant_id, "gail@oak.example") == 0
    assert seen(fresh_database, tenant_id, "tara@oak.example") == 1, "nobody else's tie ended"


@pytest.mark.usefixtures("tenant_id")
def test_a_user_is_called_and_signs_in_otherwise(fresh_database: Database) -> None:
    user(fresh_database, *ADD, password=PASSWORD + "\n")
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        token = service.sign_in(db, "tara@oak.example", PASSWORD).token

    changed = user(
        fresh_database,
        "change",
        "tara@oak.example",
        "--name",
        "Tara Wed",
        "--email",
        "Wed@oak.example",
        "--json",
    )
    wrong = user(fresh_database, "change", "wed@oak.example", "--email", "no email")

    told = json.loads(changed.stdout)
    assert (told["email"], told["full_name"]) == ("wed@oak.example", "Tara Wed")
    assert wrong.returncode == 1
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        with pytest.raises(sessions.NotSignedIn):
            sessions.find_session(db, token)
        assert service.sign_in(db, "wed@oak.example", PASSWORD).user.full_name == "Tara Wed"
