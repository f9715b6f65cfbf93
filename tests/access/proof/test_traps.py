"""The known ways around row-level security: each closed, beside a proof that without the guard it is open."""

from collections.abc import Iterator

import psycopg
import pytest

from access.proof.town import STUDENTS, Town, become, built, first, refusal, told
from rollbook.testing.databases import TestServer

COUNT = "SELECT count(*) FROM students"
BOTH = 2 * STUDENTS
NEW_STUDENT = "INSERT INTO students (tenant_id, student_id, student_number) VALUES (%s, %s, %s)"


@pytest.fixture(scope="module")
def town(rollbook_server: TestServer) -> Iterator[Town]:
    with built(rollbook_server) as made:
        yield made


def test_the_owner_is_held_by_force(town: Town) -> None:
    with town.superuser() as db:
        become(db, "rollbook_owner")
        assert first(db, COUNT) == 0
        db.execute("ALTER TABLE students NO FORCE ROW LEVEL SECURITY")
        assert first(db, COUNT) == BOTH, "the trap"


@pytest.mark.parametrize(("option", "seen"), [("true", 0), ("false", BOTH)])
def test_a_view_is_looked_through_with_the_rights_of_who_looks(town: Town, option: str, seen: int) -> None:
    """The trap: a plain view looks with its owner's rights, here a superuser's."""
    with town.superuser() as db:
        db.execute(f"CREATE VIEW names WITH (security_invoker = {option}) AS SELECT last_name FROM students")
        db.execute("GRANT SELECT ON names TO rollbook_app")
        become(db, "rollbook_app")

        assert first(db, "SELECT count(*) FROM names") == seen


def test_a_plain_view_of_ours_would_give_bi_the_owners_policies(town: Town) -> None:
    """Which go by settings, that an analyst may make: so views are security_invoker without exception."""
    with town.superuser() as db:
        for name, option in (("plain", "false"), ("invoked", "true")):
            db.execute(
                f"CREATE VIEW {name} WITH (security_invoker = {option}) AS SELECT last_name FROM students"
            )
            db.execute(f"ALTER VIEW {name} OWNER TO rollbook_owner")
            db.execute(f"GRANT SELECT ON {name} TO rollbook_bi")
        become(db, "rollbook_bi")
        db.execute(f"SET LOCAL rollbook.tenant = '{town.there}'; SET LOCAL rollbook.scope = 'tenant'")

        assert first(db, "SELECT count(*) FROM invoked") == 0
        assert first(db, "SELECT count(*) FROM plain") == STUDENTS, "the trap"


def test_a_materialized_view_keeps_what_walls_hide(town: Town) -> None:
    with town.superuser() as db:
        ours = "SELECT count(*) FROM pg_class WHERE relkind = 'm' AND relnamespace = 'public'::regnamespace"
        assert first(db, ours) == 0
        db.execute("CREATE MATERIALIZED VIEW kept AS SELECT last_name FROM students")
        db.execute("GRANT SELECT ON kept TO rollbook_app")
        become(db, "rollbook_app")
        assert first(db, "SELECT count(*) FROM kept") == BOTH, "the trap"


def test_a_definer_does_not_look_into_the_callers_schema(town: Town) -> None:
    """A table of the caller's that has the name of ours is not taken for it, be it in pg_temp."""
    with town.app() as db:
        db.execute("CREATE TEMP TABLE disclosures (LIKE disclosures)")
        assert first(db, "SELECT rollbook_disclose(%s, 'page', 'interest', 'why')", [town.mine]) == 1
        assert first(db, "SELECT count(*) FROM pg_temp.disclosures") == 0
        assert first(db, "SELECT count(*) FROM public.disclosures WHERE student_id = %s", town.mine) == 1
    with town.superuser() as db:
        become(db, "rollbook_owner")
        db.execute(
            "CREATE FUNCTION naive() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
            " AS $$ SELECT count(*) FROM schools $$; GRANT EXECUTE ON FUNCTION naive() TO rollbook_app"
        )
        become(db, "rollbook_app")
        db.execute("CREATE TEMP TABLE schools AS SELECT generate_series(1, 77)")
        db.execute("GRANT SELECT ON schools TO rollbook_owner")
        assert first(db, "SELECT naive()") == 77, "the trap"


def test_a_partition_is_reached_through_its_parent_only(town: Town) -> None:
    with town.superuser() as db:
        partition = first(
            db,
            "SELECT tableoid::regclass::text FROM attendance_records WHERE tenant_id = %s LIMIT 1",
            town.there,
        )
    with town.app() as db:
        assert first(db, "SELECT count(*) FROM attendance_records") == 3 * STUDENTS
        assert isinstance(refusal(db, f"SELECT * FROM {partition}"), psycopg.errors.InsufficientPrivilege)
        db.execute("RESET ROLE")
        db.execute(f"GRANT SELECT ON {partition} TO rollbook_app")
        become(db, "rollbook_app")
        assert first(db, f"SELECT count(*) FROM {partition}") == 0, "it forces its own wall, without a policy"
        db.execute("RESET ROLE")
        db.execute(f"ALTER TABLE {partition} DISABLE ROW LEVEL SECURITY")
        become(db, "rollbook_app")
        assert first(db, f"SELECT count(*) FROM {partition}") == 2 * 3 * STUDENTS, "the trap"


def test_row_security_cannot_be_switched_off(town: Town) -> None:
    with town.app() as db:
        db.execute("SET LOCAL row_security = off")
        assert "row-level security" in told(refusal(db, COUNT))


def test_a_key_that_is_taken_elsewhere_is_no_conflict_and_no_message_names_a_value(town: Town) -> None:
    with town.app() as db:
        db.execute(NEW_STUDENT, [town.here, town.abroad, "there-0"])  # another tenant's id and number
        error = refusal(db, NEW_STUDENT, town.here, town.hidden, "a number")
        assert isinstance(error, psycopg.errors.UniqueViolation)
        assert str(town.hidden) not in told(error)
        refused = refusal(db, NEW_STUDENT, town.there, town.abroad, "there-0")
        assert isinstance(refused, psycopg.errors.InsufficientPrivilege), "before any key is looked at"
        assert "there-0" not in told(refused)
    with town.superuser() as db:
        error = refusal(db, NEW_STUDENT, town.there, town.abroad, "a number")
        assert str(town.abroad) in told(error), "the trap"


def test_on_conflict_tells_nothing_of_another_tenant(town: Town) -> None:
    probe = f"{NEW_STUDENT} ON CONFLICT DO NOTHING"
    with town.app() as db:
        for number in ("there-0", "of nobody"):
            assert isinstance(
                refusal(db, probe, town.there, town.abroad, number), psycopg.errors.InsufficientPrivilege
            )
    with town.app([town.mine]) as db:
        numbers = "UPDATE students SET student_number = %s WHERE student_id = %s"
        assert isinstance(refusal(db, numbers, "here-1", town.mine), psycopg.errors.UniqueViolation)
        assert db.execute(numbers, ["of nobody", town.mine]).rowcount == 1, "what cannot be held back"


def test_a_reference_does_not_tell_whether_somebody_is_there(town: Town) -> None:
    """Who may not see a student is refused alike whether there is one or not."""
    insert = (
        "INSERT INTO student_programs (tenant_id, student_id, program_type, begins_on)"
        " VALUES (%s, %s, 'iep', %s)"
    )
    nobody = "00000000-0000-7000-8000-000000000000"
    with town.app([town.mine]) as db:
        said = {told(refusal(db, insert, town.here, who, "2025-09-01")) for who in (town.hidden, nobody)}
        said |= {told(refusal(db, insert, town.there, who, "2025-09-01")) for who in (town.abroad, nobody)}
        assert len(said) == 1
        assert "row-level security" in said.pop()
        assert db.execute(insert, [town.here, town.mine, "2025-09-01"]).rowcount == 1
    with town.app() as db:
        assert isinstance(
            refusal(db, insert, town.here, nobody, "2025-09-01"), psycopg.errors.ForeignKeyViolation
        ), "the trap, for who may see all"


def test_copy_is_walled(town: Town) -> None:
    def copied(db: psycopg.Connection[tuple[object, ...]]) -> int:
        with db.cursor().copy("COPY students (student_number) TO STDOUT") as copy:
            return sum(1 for _ in copy.rows())

    with town.app([town.mine]) as db:
        assert copied(db) == 1
        assert "row-level security" in told(refusal(db, "COPY students (tenant_id) FROM STDIN"))
    with town.superuser() as db:
        assert copied(db) == BOTH


def test_an_error_text_holds_no_row_behind_the_wall(town: Town) -> None:
    """Policies come before any function that may complain of what it sees."""
    leak = "SELECT count(*) FROM students WHERE last_name::integer > 0"
    divide = "SELECT count(*) FROM students WHERE 1 / (length(last_name) - length(last_name)) = 1"
    with town.app([]) as db:
        assert first(db, leak) == 0
        assert first(db, divide) == 0
    with town.app([town.mine]) as db:
        assert '"Lasthere0"' in told(refusal(db, leak)), "a row of one's own"
    with town.superuser() as db:
        assert '"Last' in told(refusal(db, leak)), "the trap"


def test_statistics_of_values_are_hidden(town: Town) -> None:
    values = "SELECT count(*) FROM pg_stats WHERE tablename ~ '^(students|attendance_records)'"
    with town.superuser() as db:
        db.execute("ANALYZE students; ANALYZE attendance_records")
        assert first(db, values) > 0, "there are some"
        become(db, "rollbook_app")
        assert first(db, values) == 0
        for table in ("pg_statistic", "pg_statistic_ext_data", "pg_authid"):
            assert isinstance(refusal(db, f"SELECT * FROM {table}"), psycopg.errors.InsufficientPrivilege)


def test_sequences_are_not_readable(town: Town) -> None:
    with town.superuser() as db:
        first(db, "SELECT nextval('audit_write_ids')")
        last = "SELECT count(last_value) FROM pg_sequences WHERE schemaname = 'public'"
        assert first(db, last) > 0
        become(db, "rollbook_app")
        assert first(db, last) == 0
        for query in ("SELECT nextval('audit_write_ids')", "SELECT last_value FROM audit_write_ids"):
            assert isinstance(refusal(db, query), psycopg.errors.InsufficientPrivilege)


def test_returning_shows_no_more_than_reading(town: Town) -> None:
    guardian = (
        "INSERT INTO guardians (tenant_id, guardian_number, first_name, last_name)"
        " VALUES (%s, 'G9', 'A', 'B')"
    )
    with town.app([town.mine]) as db:
        touched = db.execute("UPDATE students SET grade_level = 3 RETURNING student_id").fetchall()
        assert touched == [(town.mine,)]
        refused = refusal(db, f"{guardian} RETURNING guardian_id", town.here)
        assert isinstance(refused, psycopg.errors.InsufficientPrivilege), "who may add it need not see it"
        assert db.execute(guardian, [town.here]).rowcount == 1


def test_physical_addresses_pass_no_wall(town: Town) -> None:
    with town.superuser() as db:
        address = first(db, "SELECT ctid::text FROM students WHERE student_id = %s", town.abroad)
    by_address = "SELECT count(*) FROM students WHERE ctid = %s::tid"
    with town.app() as db:
        assert first(db, by_address, address) == 0
        assert db.execute("DELETE FROM students WHERE ctid = %s::tid", [address]).rowcount == 0
        assert first(db, "SELECT count(DISTINCT tableoid) FROM attendance_records") == 1
    with town.superuser() as db:
        assert first(db, by_address, address) == 1


def test_merge_and_truncate_pass_no_wall(town: Town) -> None:
    merge = (
        "MERGE INTO students USING (SELECT %s::uuid AS id) AS s ON student_id = s.id"
        " WHEN MATCHED THEN UPDATE SET last_name = 'X'"
    )
    with town.app() as db:
        assert db.execute(merge, [town.abroad]).rowcount == 0
        assert db.execute(merge, [town.mine]).rowcount == 1
        assert isinstance(refusal(db, "TRUNCATE students CASCADE"), psycopg.errors.InsufficientPrivilege)


def test_nothing_of_ours_notifies_or_keeps_large_objects(town: Town) -> None:
    """Both are outside of all walls, as is shown."""
    with town.superuser() as db:
        sources = (
            "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~* '{}'"
        )
        assert first(db, sources.format("notify|lo_create|lo_put|lo_from")) == 0
        assert first(db, "SELECT count(*) FROM pg_largeobject_metadata") == 0
    with town.app() as db:
        made = first(db, "SELECT lo_from_bytea(0, 'secret')")
        db.execute(f"SET LOCAL rollbook.tenant = '{town.there}'")
        assert bytes(first(db, "SELECT lo_get(%s)", made)) == b"secret", "the trap"


def test_what_cannot_be_held_back_is_what_the_docs_say(town: Town) -> None:
    """docs/howto/access.md tells of each; if one is no longer so, it has to be told."""
    with town.app([town.mine]) as db:
        plan = "\n".join(
            line for (line,) in db.execute("EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM students")
        )
        assert f"Rows Removed by Filter: {BOTH - 1}" in plan
        assert "Lastthere" not in plan, "but no value"
        db.execute("RESET ROLE")
        db.execute("ANALYZE students")
        become(db, "rollbook_app")
        assert first(db, "SELECT reltuples FROM pg_class WHERE relname = 'students'") == BOTH
        db.execute("SELECT pg_advisory_xact_lock(4711)")
        assert first(db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711") == 1


def test_what_others_send_is_shown_to_the_same_role_only(town: Town) -> None:
    """So all doors share a role that no person has, and each role for BI is of one tenant."""
    with psycopg.connect(town.database.url, autocommit=True) as busy, town.superuser() as db:
        busy.execute("SELECT 'a pupil named Lastthere0'")
        sent = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        become(db, "rollbook_bi")
        assert first(db, sent, busy.info.backend_pid) == "<insufficient privilege>"
        db.execute("RESET ROLE")
        become(db, "rollbook_app")
        assert "Lastthere0" in first(db, sent, busy.info.backend_pid), "the trap"
