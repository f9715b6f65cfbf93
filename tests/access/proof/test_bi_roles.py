"""A role for BI, with the psql that an analyst types into: whatever they set, they read what is theirs."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import make_url

from access.proof.world import World
from rollbook.ops import logins
from rollbook.ops.binaries import RESOLVERS, find_binaries
from rollbook.ops.embedded import connect_as_superuser

# One session each, as somebody would try it; what it prints must be what it prints without.
TRICKS = {
    "for a session": "SELECT set_config('rollbook.tenant', '1', false),"
    " set_config('rollbook.scope', 'tenant', false)",
    "in a transaction": "BEGIN; SELECT set_config('rollbook.tenant', '1', true);"
    " SET LOCAL rollbook.scope = 'tenant'",
    "a tenant's name": "SET rollbook.tenant_slug = 'south'",
    "an email": "SET rollbook.sign_in_email = 'admin@south.test'",
    "row security off for itself": "SET row_security = on",
    "an own search path": "SET search_path = pg_temp, public",
}
REFUSED = {
    "another role": "SET ROLE rollbook_app",
    "the owner": "SET ROLE rollbook_owner",
    "a colleague": "SET ROLE bi_oak",
    "the superuser": "SET SESSION AUTHORIZATION postgres",
    "to pass by": "SET row_security = off; SELECT count(*) FROM students",
    "a partition": "SELECT count(*) FROM attendance_records_2025_09",
    "accounts": "SELECT email FROM users",
    "secrets": "SELECT secret FROM totp_secrets",
    "the audit": "SELECT changes FROM audit_writes",
    "how to reach a student": "SELECT address FROM students",
    "what was written of a student": "SELECT description FROM discipline_incidents",
    "a write": "SET default_transaction_read_only = off; UPDATE students SET first_name = 'X'",
    "a deletion": "SET default_transaction_read_only = off; DELETE FROM grades",
    "to say who looks in": "SET default_transaction_read_only = off;"
    " INSERT INTO bi_roles (tenant_id, role_name) VALUES (1, 'bi_north')",
    "a table": "SET default_transaction_read_only = off; CREATE TABLE mine (a int)",
    "a temporary table": "SET default_transaction_read_only = off; CREATE TEMP TABLE students (a int)",
    "a function": "SET default_transaction_read_only = off;"
    " CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a policy": "SET default_transaction_read_only = off; CREATE POLICY mine ON students USING (true)",
    "a grant": "SET default_transaction_read_only = off; GRANT SELECT ON users TO bi_north",
    "a definer": "SELECT rollbook_ensure_months('attendance_records', '2030-01-01', '2030-01-01')",
    "to forge a disclosure": "SELECT rollbook_disclose('{}', 'x', 'x', 'x')",
    "a file": "COPY students (last_name) TO '/tmp/stolen'",
    "a program": "COPY (SELECT 1) TO PROGRAM 'cat'",
    "the server's files": "SELECT pg_read_file('postgresql.conf')",
    "the log's setting": "SET log_statement = 'none'",
    "passwords of roles": "SELECT rolpassword FROM pg_authid",
}
READ = "SELECT 'seen,' || coalesce(string_agg(student_number, ','), '') FROM students"


@dataclass(frozen=True)
class Said:
    out: str
    error: str


Psql = Callable[..., Said]


@pytest.fixture(scope="module")
def psql(world: World) -> Psql:
    """Return what runs statements as `psql -c` does, as a role whose password is set anew."""
    program = find_binaries(None, RESOLVERS).program("psql")
    passwords = {}
    with connect_as_superuser(world.server.settings) as db:
        for name in ("bi_north", "bi_oak", "bi_stranger"):
            passwords[name] = f"secret-of-{name}"
            db.execute(f"ALTER ROLE {name} PASSWORD '{passwords[name]}'")

    def run(role: str, *statements: str) -> Said:
        url = make_url(world.database.url).set(username=role, password=passwords[role])
        commands = [part for statement in statements for part in ("-c", statement)]
        done = subprocess.run(
            [program, "-XAtq", "-v", "ON_ERROR_STOP=1", url.render_as_string(hide_password=False), *commands],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
        return Said(done.stdout.strip(), done.stderr.strip())

    return run


def seen(said: Said) -> set[str]:
    assert said.error == ""
    first, *numbers = filter(None, said.out.splitlines()[-1].split(","))
    assert first == "seen"
    return set(numbers)


@pytest.fixture(scope="module")
def numbers(world: World) -> dict[str, set[str]]:
    """The numbers of students by who may see them, read past all walls."""
    with world.superuser() as db:
        rows = db.execute("SELECT tenant_id, student_id, student_number FROM students").fetchall()
    here = world.viewers["bi of a school"].students or frozenset()
    return {
        "bi_north": {number for tenant, _, number in rows if tenant == world.people.north},
        "bi_oak": {number for _, student, number in rows if student in here},
        "bi_stranger": set(),
    }


@pytest.mark.parametrize("role", ["bi_north", "bi_oak", "bi_stranger"])
def test_each_role_reads_what_is_its(psql: Psql, numbers: dict[str, set[str]], role: str) -> None:
    assert seen(psql(role, READ)) == numbers[role]
    assert len(numbers["bi_north"]) > len(numbers["bi_oak"]) > 0


@pytest.mark.parametrize("role", ["bi_north", "bi_oak", "bi_stranger"])
@pytest.mark.parametrize("trick", TRICKS)
def test_a_setting_opens_nothing(psql: Psql, numbers: dict[str, set[str]], role: str, trick: str) -> None:
    assert seen(psql(role, TRICKS[trick], READ)) == numbers[role]


def test_the_same_setting_opens_a_tenant_to_the_app(world: World) -> None:
    """The trap is real: for a role that may type SQL a setting is no wall."""
    with world.superuser() as db:
        db.execute("SET LOCAL ROLE rollbook_app")
        db.execute(TRICKS["for a session"].replace("'1'", f"'{world.people.south}'"))

        assert db.execute("SELECT count(*) > 0 FROM students").fetchone() == (True,)


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(psql: Psql, what: str) -> None:
    said = psql("bi_north", *REFUSED[what].split("; "))

    assert "permission denied" in said.error or "row-level security" in said.error or "must be" in said.error


def test_as_the_group_it_sees_nothing(psql: Psql) -> None:
    """Who is no row of bi_roles is nobody, be it the role that all BI roles are members of."""
    assert seen(psql("bi_north", "SET ROLE rollbook_bi", READ)) == set()


def test_its_habits_are_set_and_what_it_sends_is_logged(psql: Psql) -> None:
    shown = psql(
        "bi_north", *(f"SHOW {name}" for name in ("default_transaction_read_only", "statement_timeout"))
    )
    logged = psql("bi_north", "SHOW log_statement")

    assert shown.out.split() == ["on", "5min"]
    assert logged.out == "all"


def test_a_statement_that_takes_too_long_is_ended(psql: Psql) -> None:
    said = psql("bi_north", "SET statement_timeout = '200ms'", "SELECT pg_sleep(30)")

    assert "statement timeout" in said.error


def test_copy_reads_what_select_reads(psql: Psql, numbers: dict[str, set[str]]) -> None:
    said = psql("bi_oak", "COPY students (student_number) TO STDOUT")

    assert set(said.out.splitlines()) == numbers["bi_oak"]


def test_a_role_that_is_removed_is_gone_with_its_sessions(world: World) -> None:
    settings = world.server.settings
    logins.make_login(settings, "bi_brief")
    with connect_as_superuser(settings) as db:
        there = "SELECT count(*) FROM pg_roles WHERE rolname = 'bi_brief'"
        assert db.execute(there).fetchone() == (1,)
        logins.drop_login(settings, "bi_brief")
        assert db.execute(there).fetchone() == (0,)
