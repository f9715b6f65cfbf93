"""Months loaded at once: the same rows as line by line, every rule true, and no way around the walls."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.orm import Session

from exchange.csvs import Place
from rollbook.attendance import bulk
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, find_tenant, look_through
from rollbook.exchange.csv_files.format import CsvFormat
from rollbook.exchange.csv_files.kinds import kind_of
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.intake.pipeline import Request, run_import
from rollbook.intake.refusals import ImportRefused
from rollbook.intake.undo import undo
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

HEADER = "student_number,date,period,status,minutes_late,reason\n"
PLAIN = (
    HEADER
    + "S1,2025-09-01,0,present,0,\n"
    + "S1,2025-09-30,0,tardy,12,bus\n"
    + "S2,2025-10-01,0,absent,,\n"
    + "S2,2025-10-01,3,excused,0,Zahnärztin\n"
)
ROWS = """
SELECT students.student_number, date, period, status, minutes_late, reason
FROM attendance_records INNER JOIN students USING (tenant_id, student_id) ORDER BY 1, 2, 3
"""
STRUCTURE = """
SELECT
    (SELECT array_agg(attname || ' ' || atttypid::regtype || ' ' || attnotnull || coalesce(
        pg_get_expr(adbin, adrelid), '') ORDER BY attname)
     FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped),
    (SELECT array_agg(contype::text || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
        || coalesce(' of ' || conparentid::regclass::text, '') ORDER BY contype, pg_get_constraintdef(oid))
     FROM pg_constraint WHERE conrelid = relation.oid AND contype <> 'n'),
    (SELECT array_agg(replace(pg_get_indexdef(indexrelid), relname, 'month') || indisvalid ORDER BY 1)
     FROM pg_index WHERE indrelid = relation.oid),
    relrowsecurity, relforcerowsecurity, relacl::text, relowner::regrole::text
FROM pg_class AS relation WHERE oid = %s::regclass
"""


@pytest.fixture(autouse=True)
def _small_files_are_loaded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LEAST_BYTES", 0)


def people(database: Database, slug: str) -> int:
    with Session(engine_for(database.url)) as db, db.begin():
        tenant_id = ensure_tenant(db, slug, name=slug).tenant_id
        look_through(db, Visibility(tenant_id))
        for number in ("S1", "S2"):
            make.create_student(db, number=number, school=make.create_school(db))
    return tenant_id


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Place:
    people(fresh_database, "oak-valley")
    return Place(fresh_database.url, tmp_path)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Tell for each file whether it was loaded at once."""
    told: list[bool] = []
    load = bulk._Reading.load

    def heard(self: Any, *args: Any) -> bulk.Load:  # noqa: ANN401 -- passes on
        told.append(False)
        loaded = load(self, *args)
        told[-1] = True
        return loaded

    monkeypatch.setattr(bulk._Reading, "load", heard)
    return told


def rows(place: Place) -> list[tuple[Any, ...]]:
    return place.rows(ROWS)


def test_a_load_writes_what_lines_one_by_one_would(
    place: Place, loads: list[bool], monkeypatch: pytest.MonkeyPatch, fresh_database: Database
) -> None:
    outcome = place.bring("attendance", PLAIN)
    loaded = rows(place)
    people(fresh_database, "elm-valley")
    monkeypatch.setattr(bulk, "LEAST_BYTES", 1 << 40)
    other = Place(place.url, place.folder, "elm-valley")
    other.bring("attendance", PLAIN)

    assert (outcome.written, loads) == (4, [True])
    assert loaded == rows(other)
    assert place.rows("SELECT DISTINCT import_id FROM attendance_records") == [(outcome.import_id,)]
    (file,) = outcome.files
    assert (file.rows_read, file.rejected, len(file.sha256)) == (4, 0, 64)


def test_a_loaded_month_is_like_one_made_ahead(place: Place, fresh_database: Database) -> None:
    place.bring("attendance", PLAIN)
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("SELECT rollbook_ensure_months('attendance_records', '2031-01-01', '2031-01-01')")

        def structure(month: str) -> str:
            table = f"attendance_records_{month}"
            return str(owner.execute(STRUCTURE, [table]).fetchone()).replace(table, "month")

        assert structure("2025_10") == structure("2031_01")
        left = "SELECT relname FROM pg_class WHERE relname LIKE '%load_%' AND relname NOT LIKE '%loads'"
        assert owner.execute(left).fetchall() == []
        assert owner.execute("SELECT count(*) FROM attendance_loads").fetchone() == (0,)


def test_months_that_hold_rows_are_merged_and_the_same_file_changes_nothing(
    place: Place, fresh_database: Database, loads: list[bool]
) -> None:
    people(fresh_database, "elm-valley")
    elm = Place(place.url, place.folder, "elm-valley")
    elm.bring("attendance", HEADER + "S1,2025-10-06,0,absent,0,\n")

    first = place.bring("attendance", PLAIN)
    again = place.bring("attendance", PLAIN)
    changed = place.bring("attendance", PLAIN.replace("absent,,", "present,,"))

    assert (first.written, again.written, changed.written) == (4, 0, 1)
    assert loads == [True] * 4
    assert len(rows(place)) == 4
    assert [row[3] for row in rows(elm)] == ["absent"]
    assert place.rows("SELECT status FROM attendance_records_history") == [("absent",)]


def test_an_empty_month_made_ahead_gives_way(place: Place, fresh_database: Database) -> None:
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("SELECT rollbook_ensure_months('attendance_records', '2025-09-01', '2025-10-01')")

    assert place.bring("attendance", PLAIN).written == 4
    assert len(rows(place)) == 4


def test_a_reader_in_the_way_does_not_stop_a_load(place: Place, fresh_database: Database) -> None:
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("SELECT rollbook_ensure_months('attendance_records', '2025-09-01', '2025-10-01')")
    with psycopg.connect(fresh_database.owner_url) as reader:
        reader.execute("SELECT count(*) FROM attendance_records")

        assert place.bring("attendance", PLAIN).written == 4
    assert len(rows(place)) == 4


def test_a_load_is_undone(place: Place) -> None:
    outcome = place.bring("attendance", PLAIN)
    assert outcome.import_id is not None

    with place.session() as db:
        undo(db, find_tenant(db, place.slug), outcome.import_id, who="ada")
        db.commit()

    assert rows(place) == []


def test_a_dry_run_of_a_load_leaves_nothing(place: Place, fresh_database: Database) -> None:
    outcome = place.bring("attendance", PLAIN, is_dry_run=True)

    assert [(table.new, table.present) for table in outcome.tables] == [(4, 0)]
    assert rows(place) == []
    with psycopg.connect(fresh_database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('attendance_records_2025_10')").fetchone() == (None,)


def test_words_and_columns_of_the_source_are_understood(place: Place, loads: list[bool]) -> None:
    csv_map = CsvMap(columns={"student_number": "Pupil", "status": "Code"}, words={"status": {"A": "absent"}})

    place.bring("attendance", "date,Pupil,Code\r\n2025-09-01,S1,A\r\n2025-09-02,S1,present", csv_map)

    assert loads == [True]
    assert [row[3] for row in rows(place)] == ["absent", "present"]


@pytest.mark.parametrize(
    "line",
    [
        'S1,2025-09-02,0,"present",0,\n',
        "S1,2025-09-02,0,present,0,a\tb\n",
        "S9,2025-09-02,0,present,0,\n",
        "S1,2025-9-2,0,present,0,\n",
        "S1,2025-02-30,0,present,0,\n",
        "S1,2035-09-02,0,present,0,\n",
        "S1,today,0,present,0,\n",
        "S1,2025-09-02,21,present,0,\n",
        "S1,2025-09-02,0,here,0,\n",
        "S1,2025-09-02,0,present,5,\n",
        "S1,2025-09-02,0,present,0\n",
        "S1,2025-09-02,0,present,0,,\n",
        "S1,2025-09-01,0,absent,0,\n",
        "S1\n",
        ",,,,,\n",
    ],
    ids=repr,
)
def test_what_is_not_plain_goes_the_long_way(
    place: Place, monkeypatch: pytest.MonkeyPatch, fresh_database: Database, line: str
) -> None:
    def outcome(at: Place) -> tuple[object, ...]:
        try:
            done = at.bring("attendance", PLAIN + line, max_rejects=1)
        except ImportRefused as refused:
            return str(refused), rows(at)
        return done.written, done.rejected, rows(at)

    people(fresh_database, "elm-valley")
    quick = outcome(place)
    monkeypatch.setattr(bulk, "LEAST_BYTES", 1 << 40)

    assert quick == outcome(Place(place.url, place.folder, "elm-valley"))


def test_a_repeated_mark_is_told_by_its_line(place: Place, loads: list[bool]) -> None:
    with pytest.raises(ImportRefused) as refused:
        place.bring("attendance", PLAIN + "S1,2025-09-01,0,absent,0,\n")

    assert loads == [True], "only its keys showed it"
    assert refused.value.outcome.rejected >= 1
    assert rows(place) == []


def test_two_tenants_load_the_same_months_at_once(
    place: Place, fresh_database: Database, tmp_path: Path
) -> None:
    people(fresh_database, "elm-valley")
    file = tmp_path / "marks.csv"
    file.write_text(PLAIN)
    gate, failed = threading.Barrier(2), []

    def bring(slug: str) -> None:
        gate.wait()
        try:
            form = CsvFormat(kind_of("attendance"), CsvMap(), "marks.csv")
            run_import(place.url, file, form, Request(tenant=slug, source="csv", who="ada"))
        except Exception as error:  # noqa: BLE001 -- told below
            failed.append(error)

    threads = [threading.Thread(target=bring, args=[slug]) for slug in ("oak-valley", "elm-valley")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len(rows(place)) == len(rows(Place(place.url, tmp_path, "elm-valley"))) == 4


# What an app that has gone bad may try, as its own role, by itself.
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
        db.execute(BEGIN)  # type: ignore[arg-type]  # not a literal here
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
