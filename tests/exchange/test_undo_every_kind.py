"""Whatever the kinds of record write, in whichever room, an undo gives it all back."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.csvs import Place
from rollbook.core.tenancy import find_tenant
from rollbook.intake.undo import undo
from rollbook.intake.versions import versioned_tables
from rollbook.testing.databases import Database


def contents(place: Place) -> dict[str, list[tuple[object, ...]]]:
    with place.session() as db:
        tables = [table.name for table in versioned_tables(db)]
    query = "SELECT (to_jsonb(t) - 'known_at')::text FROM {} AS t ORDER BY 1"
    return {table: place.rows(query.format(table)) for table in tables}


@pytest.mark.slow
def test_every_kind_is_taken_back_the_way_it_came(fresh_database: Database, tmp_path: Path) -> None:
    place = Place(fresh_database.url, tmp_path)
    place.bring_examples()
    imports = place.rows("SELECT import_id FROM imports ORDER BY import_id DESC")
    written = {table for table, rows in contents(place).items() if rows}

    with place.session() as db:
        tenant = find_tenant(db, place.slug)
        for (import_id,) in imports:
            undo(db, tenant, import_id, who="ada")
        db.commit()

    assert {"students", "grades", "attendance_records", "discipline_incidents", "lesson_plans"} <= written
    assert not any(contents(place).values())


def test_each_table_that_an_import_may_write_can_be_taken_back(db: Session) -> None:
    """Nobody forgets the history, or the right to delete, of a new table."""
    stamped = db.scalars(
        text("SELECT table_name::text FROM information_schema.columns WHERE column_name = 'import_id'")
    )
    named = {name for name in stamped if not name.endswith("_history")} - {"imports", "intake_rejects"}
    known = {table.name for table in versioned_tables(db)}
    may = text("SELECT has_table_privilege(:name, 'DELETE')")

    assert len(named) > 30
    assert {name for name in named if re.search(r"_\d{4}_\d\d$", name) is None} == known
    assert {name for name in known if not db.scalar(may, {"name": name})} == set()
