"""No table that may hold something about a student is forgotten: not by the record, not by what follows."""

from sqlalchemy import Column, Engine, Integer, MetaData, Table, Uuid, text

from rollbook.core.schema import HISTORY_SUFFIX
from rollbook.privacy.about import NOT_ABOUT, TABLES, is_about, tables_about
from rollbook.privacy.titles import PARTS

DECIDED = {name for names in NOT_ABOUT.values() for name in names}
# Every base table and parent of partitions that the database has; and columns that may point to a student.
LIVE = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT relispartition AND relname <> 'alembic_version'"
)
WITH_STUDENT = text(
    "SELECT DISTINCT relname FROM pg_class INNER JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    " AND attname LIKE '%student_id%' AND NOT attisdropped"
)


def undecided(tables: dict[str, Table]) -> set[str]:
    """Return the tables of which nobody has said whether their rows are about a student."""
    current = {name: table for name, table in tables.items() if not name.endswith(HISTORY_SUFFIX)}
    return {name for name, table in current.items() if not is_about(table) and name not in DECIDED}


def test_of_every_table_it_is_said_whether_it_is_about_a_student() -> None:
    assert undecided(dict(TABLES)) == set()


def test_a_new_table_that_nobody_thought_of_is_noticed() -> None:
    new = Table("locker_codes", MetaData(), Column("tenant_id", Integer, primary_key=True))

    assert undecided({**TABLES, new.name: new}) == {"locker_codes"}


def test_a_new_table_with_a_student_is_about_students_by_itself_and_needs_words() -> None:
    new = Table("nurse_visits", MetaData(), Column("tenant_id", Integer), Column("student_id", Uuid))

    assert is_about(new)
    assert new.name not in PARTS, "the test below would say so"


def test_every_table_about_a_student_is_a_part_of_the_record_with_words() -> None:
    assert set(PARTS) == set(tables_about())
    assert all(part.says.endswith(".") for part in PARTS.values())


def test_no_table_is_both() -> None:
    assert DECIDED & set(tables_about()) == set()


def test_the_database_has_no_table_beside_those(app_engine: Engine) -> None:
    with app_engine.connect() as connection:
        live = set(connection.execute(LIVE).scalars())
        with_student = set(connection.execute(WITH_STUDENT).scalars())

    assert live == set(TABLES)
    about = {name.removesuffix(HISTORY_SUFFIX) for name in with_student}
    assert about - set(tables_about()) == set(), "the catalogue says that these have a student"
