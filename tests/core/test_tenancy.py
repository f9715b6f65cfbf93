"""The tenant and its wall: a transaction sees what it was told to look through, and nothing without."""

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from rollbook.core.tenancy import (
    TenantNotFound,
    TenantSlugInvalid,
    Visibility,
    ensure_tenant,
    find_tenant,
    look_through,
    transaction,
)
from rollbook.roster.models import Student
from rollbook.testing.databases import Database


def test_a_tenant_is_found_by_its_name_and_made_only_once(db: Session) -> None:
    made = ensure_tenant(db, "elm-park", name="Elm Park")

    assert ensure_tenant(db, "elm-park", name="another name") is made
    assert find_tenant(db, "elm-park").name == "Elm Park"


def test_an_unknown_tenant_is_named_in_the_error(db: Session) -> None:
    with pytest.raises(TenantNotFound, match="no tenant 'nowhere'"):
        find_tenant(db, "nowhere")


@pytest.mark.parametrize("slug", ["", "Elm", "elm park", "-elm", "e" * 64, "elm'; DROP TABLE students"])
def test_a_slug_that_cannot_name_a_tenant_is_refused_before_the_database_sees_it(
    db: Session, slug: str
) -> None:
    with pytest.raises(TenantSlugInvalid):
        ensure_tenant(db, slug, name="Elm Park")


def test_each_transaction_sees_its_tenant_and_its_students_and_no_more(fresh_database: Database) -> None:
    engine = create_engine(fresh_database.url)
    with Session(engine) as db, db.begin():
        oak = ensure_tenant(db, "oak", name="Oak").tenant_id
        elm = ensure_tenant(db, "elm", name="Elm").tenant_id
    with transaction(engine, Visibility(oak)) as db:
        db.add_all(Student(tenant_id=oak, student_number=number) for number in ("1", "2"))
        db.flush()
        first = db.scalars(select(Student.student_id).where(Student.student_number == "1")).one()

    def seen(visibility: Visibility) -> int | None:
        with transaction(engine, visibility) as db:
            return db.scalar(select(func.count()).select_from(Student))

    assert seen(Visibility(oak)) == 2
    assert seen(Visibility(oak, [first])) == 1
    assert seen(Visibility(oak, [])) == 0
    assert seen(Visibility(elm)) == 0
    with Session(engine) as db:
        assert db.scalar(select(func.count()).select_from(Student)) == 0, "no setting, no rows"
    engine.dispose()


def test_what_a_transaction_looked_through_ends_with_it(fresh_database: Database) -> None:
    """A pooled connection must not carry one viewer's sight to the next."""
    engine = create_engine(fresh_database.url, pool_size=1, max_overflow=0)
    with Session(engine) as db, db.begin():
        oak = ensure_tenant(db, "oak", name="Oak").tenant_id
        look_through(db, Visibility(oak))
        db.add(Student(tenant_id=oak, student_number="1"))
    with Session(engine) as db:
        assert db.scalar(select(func.count()).select_from(Student)) == 0
    engine.dispose()


def test_history_cannot_be_forged_through_a_table_of_ones_own(db: Session) -> None:
    """The triggers write history with their owner's rights, wherever they hang."""
    db.execute(text("CREATE TEMPORARY TABLE students (LIKE public.students)"))

    with pytest.raises(ProgrammingError, match="permission denied for function"):
        db.execute(
            text(
                "CREATE TRIGGER forge AFTER DELETE ON pg_temp.students REFERENCING OLD TABLE AS old_rows"
                " FOR EACH STATEMENT EXECUTE FUNCTION public.rollbook_keep_deleted()"
            )
        )
