"""Every value comes back as it was, also to a table that has changed since."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ops.archived import COUNT, MARCH, TABLE, World
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, look_through
from rollbook.ops.archive import catalog, checksums, exporting, querying, restoring, rewriting
from rollbook.ops.archive.catalog import owner, owner_in
from rollbook.ops.archive.columns import schema_of, speak_plainly
from rollbook.ops.archive.errors import ColumnsGone, QueryInvalid, RowsUnfit
from rollbook.ops.archive.exporting import Source
from rollbook.ops.archive.files import Place, Writer

STRANGE = """
CREATE TABLE strange (
    tenant_id int, id int, word text, big numeric, exact numeric(12, 3),
    wide numeric(50, 2), single real, twice double precision, yes boolean, day date, at timestamptz,
    plain timestamp, spell interval, bits bytea, words text[], grid int[][], doc jsonb, said json, who uuid,
    span tstzrange, net inet, c char(3), v varchar(4), at3 timestamp(3) with time zone, t time,
    PRIMARY KEY (tenant_id, word, id)
)
"""
INSERT = r"""
INSERT INTO strange (tenant_id, id, word) VALUES (1, 1, '');
INSERT INTO strange VALUES (
    1, 2, 'NaN', 'NaN', -0.001, 123456789012345678901234567890.12, 'NaN', 'NaN', true, '0001-01-01',
    '1969-12-31 23:59:59.999999+00', '9999-12-31', '-1 year 2 days -3.000001 seconds', '\x00ff', '{}',
    '{{1,NULL},{3,4}}', '{"b": [1, null, "\u0007"], "a": 1e40}', '{ "b":1 , "b":2}',
    '00000000-0000-0000-0000-000000000000', 'empty', '::1/64', 'a', '', '2020-02-29 12:34:56.789+05', '24:00'
), (
    1, 3, U&'Zo\00eb\+01F600' || E'\n"q",''\\N\t', 1e-30, 999999999.999, -0.01, '-0', '-Infinity', false,
    '9999-12-31', '2262-04-11+00', '0001-01-01 00:00:00.000001', '1780000 years', '',
    '{NULL,"","a,\"b\\",\\n,NULL}', NULL, 'null', '""', gen_random_uuid(), '[2020-01-01+00,)', '10.0.0.0/8',
    NULL, U&'\00e9,"', NULL, '00:00:00.1'
);
INSERT INTO strange (tenant_id, id, word, single, twice)
VALUES (1, 4, 'zeta', 1e-40, 5e-324), (1, 5, 'Zeta', 3.4028235e38, 1.7976931348623157e308), (2, 6, 'x', 0, 0);
"""
ROWS = 5


def test_every_kind_of_value_comes_back_with_the_same_checksum(world: World) -> None:
    """Null and the empty text, NaN, infinities of floats, unicode, arrays, JSON as it was written."""
    store = world.keeping.store
    with owner(world.keeping.owner_url) as db:
        for statement in (STRANGE, *INSERT.split(";")[:-1]):
            db.connection().exec_driver_sql(statement)
    with owner_in(world.keeping.owner_url, world.tenants["oak"]) as db:
        speak_plainly(db)
        source, place = Source.of(db, "strange"), Place.new(1, "strange", MARCH)
        expected = checksums.checksum(db, source.name, 1, source.columns, source.key)
        with (
            store.writing(place.file) as path,
            Writer(path, place, schema_of(source.columns, source.key)) as file,
            exporting._copied_out(db, source, 1) as copied,
        ):
            exporting._write(file, copied, source, place)
        known = exporting.source_at(db, store.path(place.file), place)
        found = exporting.read_back(db, store.path(place.file), place, known)
        before = db.execute(text("SELECT r::text FROM strange AS r WHERE tenant_id = 1 ORDER BY id")).all()
        after = db.execute(text("SELECT r::text FROM archive_back AS r ORDER BY id")).all()

    assert (known.columns, known.key) == (source.columns, source.key)
    assert after == before
    assert (found, found.rows) == (expected, ROWS)


CHANGES = [
    "ALTER TABLE attendance_records ADD COLUMN room text NOT NULL DEFAULT 'hall'",
    "ALTER TABLE attendance_records ALTER COLUMN minutes_late TYPE bigint",
    "ALTER TABLE attendance_records ALTER COLUMN minutes_late TYPE numeric(9, 3)",
    "ALTER TABLE attendance_records ALTER COLUMN known_at TYPE timestamptz(3)",
]


# Views of the original systems name columns, and would keep them from being changed.
WITHOUT_VIEWS = """
DO $$
DECLARE
    view record;
BEGIN
    FOR view IN SELECT schemaname, viewname FROM pg_views WHERE viewowner = current_user LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I.%I CASCADE', view.schemaname, view.viewname);
    END LOOP;
END
$$
"""


def changed(world: World, statement: str) -> None:
    with owner(world.keeping.owner_url) as db:
        db.connection().exec_driver_sql(WITHOUT_VIEWS.replace("%", "%%"), ())
        db.execute(text(statement))


@pytest.mark.parametrize("change", CHANGES)
def test_a_month_comes_back_to_a_table_that_changed(archived: World, change: str) -> None:
    changed(archived, change)
    asked = archived.whole("oak", f"{COUNT} WHERE minutes_late >= 0")

    done = restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)

    live = archived.ask("oak", f"{COUNT} WHERE date < '2019-04-01'")
    assert live == [(done.row_count,)]
    assert asked == archived.whole("oak", f"{COUNT} WHERE minutes_late >= 0")


def test_a_column_that_is_gone_keeps_its_month_in_the_archive_where_it_is_asked(archived: World) -> None:
    student = archived.ask("oak", "SELECT min(student_id::text) FROM students")[0][0]
    for table in ("attendance_records", "attendance_records_history"):
        changed(archived, f"ALTER TABLE {table} DROP COLUMN reason")

    with pytest.raises(ColumnsGone, match="reason"):
        restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)
    assert archived.whole("oak") == [[240 + 252 + 264]]
    archived.ask("oak", f"DELETE FROM attendance_records WHERE student_id = '{student}' RETURNING 1")
    with owner_in(archived.keeping.owner_url, archived.tenants["oak"]) as db:
        db.execute(text("DELETE FROM attendance_records_history WHERE student_id = :id"), {"id": student})
        db.execute(text("DELETE FROM students WHERE student_id = :id"), {"id": student})
    (done,) = rewriting.forget_gone(archived.keeping)
    assert done.rows == 41, "an erasure reaches it all the same"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            "ALTER TABLE attendance_records ADD CONSTRAINT early CHECK (date > '2019-03-31') NOT VALID",
            "early",
        ),
        ("ALTER TABLE attendance_records ALTER COLUMN reason TYPE int USING 0", "InvalidText"),
    ],
)
def test_rows_that_no_longer_fit_stay_in_the_archive(archived: World, change: str, rule: str) -> None:
    changed(archived, change)
    with pytest.raises(RowsUnfit, match=rule) as refused:
        restoring.restore(archived.keeping, archived.tenants["oak"], TABLE, MARCH)
    assert 'said "ill"' not in str(refused.value), "what PostgreSQL says quotes the row"
    with owner_in(archived.keeping.owner_url, archived.tenants["oak"]) as db:
        assert len(catalog.find(db, TABLE)) == 2


def test_a_query_sees_no_secret_and_says_what_may_not_be_read(archived: World) -> None:
    store = archived.keeping.store
    with Session(engine_for(archived.app.url.render_as_string(hide_password=False))) as db:
        look_through(db, Visibility(archived.tenants["oak"]))
        found = querying.query(db, store, "SELECT * FROM Users")
        assert "email" in found.columns
        assert [name for name in found.columns if "password" in name] == []
        assert querying.query(db, store, "SELECT count(*) FROM ATTENDANCE_RECORDS").rows == [[756]]
        with pytest.raises(QueryInvalid, match="permission denied"):
            querying.query(db, store, "SELECT * FROM attendance_records_2019_04")
