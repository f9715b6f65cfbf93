"""What an app that has gone bad may try with a bulk load, as its own role: nothing passes the walls."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

App = Callable[..., Any]


@pytest.fixture
def ids(fresh_database: Database) -> dict[str, Any]:
    """Two tenants, a student of each."""
    found: dict[str, Any] = {}
    for slug in ("oak", "elm"):
        with Session(engine_for(fresh_database.url)) as db, db.begin():
            found[slug] = ensure_tenant(db, slug, name=slug).tenant_id
            look_through(db, Visibility(found[slug]))
            found[f"{slug}_student"] = make.create_student(db, "A").student_id
    return found


@pytest.fixture
def app(fresh_database: Database, ids: dict[str, Any]) -> Iterator[App]:
    """A transaction of the app's role in tenant oak."""
    with psycopg.connect(fresh_database.url) as db:

        def run(query: str, *values: object) -> Any:  # noqa: ANN401 -- rows of anything
            cursor = db.execute(query, values or None)
            return cursor.fetchall() if cursor.description else None

        run("SELECT set_config('rollbook.tenant', %s, true)", str(ids["oak"]))
        run("SELECT set_config('rollbook.scope', 'tenant', true)")
        yield run
        db.rollback()


BEGIN = "SELECT rollbook_begin_attendance_load('2025-09-01', '2025-11-30')"
KEY = "SELECT rollbook_key_attendance_load()"
ATTACH = "SELECT * FROM rollbook_attach_attendance_load(NULL)"
INSERT = "INSERT INTO {} (student_id, date, period, status) VALUES (%s, %s, 0, 'absent')"


def begun(app: App) -> str:
    ((table,),) = app(BEGIN)
    return str(table)


@pytest.mark.parametrize(
    "setting", ["SELECT set_config('rollbook.scope', 'students', true)", "RESET rollbook.tenant"]
)
@pytest.mark.parametrize("call", [BEGIN, KEY, ATTACH, "SELECT rollbook_drop_attendance_load()"])
def test_a_load_needs_the_whole_of_a_tenant_in_sight(app: App, setting: str, call: str) -> None:
    app("SELECT set_config('rollbook.tenant', '', true)" if "RESET" in setting else setting)

    with pytest.raises(errors.InsufficientPrivilege):
        app(call)


def test_no_row_of_another_tenant_goes_in(app: App, ids: dict[str, Any]) -> None:
    table = begun(app)
    insert = (
        f"INSERT INTO {table} (tenant_id, student_id, date, status) VALUES (%s, %s, '2025-09-02', 'absent')"
    )

    with pytest.raises(errors.CheckViolation, match="of_one_tenant"):
        app(insert, ids["elm"], ids["elm_student"])


@pytest.mark.parametrize("whose", ["elm_student", "nobody"])
def test_a_student_who_is_not_of_the_tenant_is_found_when_attached(
    app: App, ids: dict[str, Any], whose: str
) -> None:
    student = ids.get(whose, "00000000-0000-0000-0000-000000000001")
    app(INSERT.format(begun(app)), student, "2025-11-03")
    app(KEY)

    with pytest.raises(errors.ForeignKeyViolation):
        app(ATTACH)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", "'2031-01-01'"),
        ("period", "21"),
        ("status", "'x'"),
        ("minutes_late", "5"),
        ("student_id", "NULL"),
    ],
)
def test_the_checks_of_the_table_hold_in_a_load(
    app: App, ids: dict[str, Any], column: str, value: str
) -> None:
    facts = {"student_id": f"'{ids['oak_student']}'", "date": "'2025-09-02'", "status": "'absent'"} | {
        column: value
    }

    with pytest.raises((errors.CheckViolation, errors.NotNullViolation)):
        app(f"INSERT INTO {begun(app)} ({', '.join(facts)}) VALUES ({', '.join(facts.values())})")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET tenant_id = 2",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "ALTER TABLE {} DROP CONSTRAINT of_one_tenant",
        "ALTER TABLE {} OWNER TO rollbook_app",
        "DROP TABLE {}",
        "CREATE RULE x AS ON INSERT TO {} DO ALSO NOTHING",
        "CREATE POLICY x ON {}",
        "INSERT INTO {}_2025_09 (student_id, date, status) VALUES (gen_random_uuid(), '2025-09-01', 'x')",
        "INSERT INTO attendance_loads (tenant_id) VALUES (1)",
        "DELETE FROM attendance_loads",
        "SELECT rollbook_make_way_for_load('students')",
        "SELECT rollbook_attendance_load()",
    ],
)
def test_the_app_may_only_add_to_a_load(app: App, change: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app(change.format(begun(app)))


def test_a_load_that_is_not_finished_cannot_be_kept(fresh_database: Database, ids: dict[str, Any]) -> None:
    with psycopg.connect(fresh_database.url) as db:
        db.execute("SELECT set_config('rollbook.tenant', %s, true)", [str(ids["oak"])])
        db.execute("SELECT set_config('rollbook.scope', 'tenant', true)")
        db.execute(BEGIN)
        with pytest.raises(errors.RaiseException, match="neither attached nor dropped"):
            db.commit()
    with psycopg.connect(fresh_database.owner_url) as owner:
        left = f"SELECT to_regclass('attendance_records_load_{ids['oak']}')"
        assert owner.execute(left).fetchone() == (None,)


def test_rows_of_another_tenant_that_policies_hide_are_not_thrown_away(
    app: App, ids: dict[str, Any], fresh_database: Database
) -> None:
    app(INSERT.format(begun(app)), ids["oak_student"], "2025-09-02")
    app(KEY)

    assert app(ATTACH)[0][1] is False, "September holds a mark of each tenant's student"
    assert app("SELECT count(*) FROM attendance_records") == [(1,)]
    app("SELECT rollbook_drop_attendance_load()")
    with psycopg.connect(fresh_database.url) as elm:
        elm.execute("SELECT set_config('rollbook.tenant', %s, true)", [str(ids["elm"])])
        elm.execute("SELECT set_config('rollbook.scope', 'tenant', true)")
        assert elm.execute("SELECT count(*) FROM attendance_records").fetchone() == (1,)


def test_an_attached_month_is_behind_the_wall_at_once(app: App, ids: dict[str, Any]) -> None:
    app(INSERT.format(begun(app)), ids["oak_student"], "2025-11-03")
    app(KEY)
    app(ATTACH)
    app("SELECT set_config('rollbook.tenant', %s, true)", str(ids["elm"]))

    assert app("SELECT count(*) FROM attendance_records WHERE date > '2025-10-31'") == [(0,)]
    with pytest.raises(errors.InsufficientPrivilege):
        app("SELECT count(*) FROM attendance_records_2025_11")


def test_a_table_of_the_apps_own_is_no_load(app: App, ids: dict[str, Any]) -> None:
    name = f"attendance_records_load_{ids['oak']}"
    app(f"CREATE TEMP TABLE {name} (LIKE attendance_records) PARTITION BY RANGE (date)")
    values = "FOR VALUES FROM ('2025-09-01') TO ('2025-10-01')"
    app(f"CREATE TEMP TABLE {name}_2025_09 PARTITION OF {name} {values}")

    assert app(KEY) == [(0,)]
    assert app(ATTACH) == []
