"""Months loaded at once: the same rows as line by line, every rule true, and no way around the walls."""

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError
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


def test_a_load_is_in_the_audit_with_its_number_and_months(place: Place) -> None:
    outcome = place.bring("attendance", PLAIN)

    found = place.rows(
        "SELECT command, row_count, by_import, changes FROM audit_writes"
        " WHERE table_name = 'attendance_records'"
    )

    assert found == [("LOAD", 4, outcome.import_id, [{"months": ["2025-09", "2025-10"]}])]


def test_an_import_that_cannot_be_audited_changes_nothing(place: Place, fresh_database: Database) -> None:
    with psycopg.connect(fresh_database.owner_url) as owner:
        owner.execute("REVOKE INSERT ON audit_writes FROM CURRENT_USER")

    with pytest.raises(ProgrammingError, match="permission denied for table audit_writes"):
        place.bring("attendance", PLAIN)

    assert rows(place) == []


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
