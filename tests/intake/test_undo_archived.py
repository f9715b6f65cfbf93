"""An import is not taken back past its rows in the archive: it says which months to bring back first."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.rings import ring_at
from intake.school import District, Drop
from intake.test_undo import state, take_back
from rollbook.core.archived import MonthArchived, MonthAway
from rollbook.core.tenancy import find_tenant
from rollbook.intake.undo import ArchivedSince
from rollbook.ops.archive import restoring, running
from rollbook.ops.archive.catalog import owner
from rollbook.ops.archive.partitions import SQL
from rollbook.ops.archive.rules import Keeping
from rollbook.ops.archive.store import Store
from rollbook.privacy.archiving import rules_of
from rollbook.testing.databases import Database

TABLE = "attendance_records"
SEPTEMBER, DECEMBER = date(2025, 9, 1), date(2025, 12, 1)


@pytest.fixture
def where(fresh_database: Database, tmp_path: Path) -> Iterator[Keeping]:
    """An archive to which all of 2025 may go."""
    rules = rules_of({TABLE: [date(2026, 6, 1)]})
    with ring_at(tmp_path / "keyring.json"):
        yield Keeping(fresh_database.owner_url, Store(tmp_path / "archive"), rules)


@pytest.fixture
def later(tmp_path: Path) -> Drop:
    """Bring two marks more, none of September."""
    return Drop(tmp_path / "later").add("marks.csv", "2,2025-11-04,absent", "3,2025-12-01,absent")


def bring_back(district: District, where: Keeping, month: date) -> None:
    with district.session() as db:
        tenant_id = find_tenant(db, district.slug).tenant_id
    restoring.restore(where, tenant_id, TABLE, month)


def test_it_names_the_months_and_is_undone_once_they_are_back(
    district: District, drop: Drop, later: Drop, where: Keeping
) -> None:
    first, second = district.bring(drop), district.bring(later)
    running.run(where, table=TABLE, before=date(2025, 10, 1))
    before = state(district)

    with pytest.raises(ArchivedSince, match=r"attendance_records 2025-09\. Bring"):
        take_back(district, first.import_id)
    assert state(district) == before
    assert take_back(district, second.import_id).tables[TABLE].removed == 2, "none of September is its own"

    bring_back(district, where, SEPTEMBER)
    take_back(district, first.import_id)

    assert not any(state(district).values())


def test_a_row_that_it_deleted_does_not_come_back_to_an_archived_month(
    district: District, drop: Drop, where: Keeping, tmp_path: Path
) -> None:
    stays = "3,2025-11-05,tardy"
    district.bring(drop.add("marks.csv", stays))
    fewer = Drop(tmp_path / "fewer").change("marks.csv", "4,2025-11-03,present\n", "")
    second = district.bring(fewer.add("marks.csv", stays))
    running.run(where, table=TABLE, before=DECEMBER)
    before = state(district)

    with pytest.raises(MonthAway, match=TABLE):
        take_back(district, second.import_id)

    assert state(district) == before


def test_a_load_of_an_archived_month_says_to_bring_it_back(
    district: District, drop: Drop, where: Keeping
) -> None:
    district.bring(drop)
    running.run(where, table=TABLE, before=date(2025, 10, 1))
    before = state(district)

    with pytest.raises(MonthArchived, match="rollbook archive restore attendance_records 2025-09 --yes"):
        district.bring(drop)

    assert state(district) == before


def test_a_month_on_its_way_to_the_archive_stands_in_the_way(
    district: District, drop: Drop, where: Keeping
) -> None:
    first = district.bring(drop)
    with owner(where.owner_url) as db:
        key = {"table_name": TABLE, "month": SEPTEMBER}
        db.execute(SQL["note_detached"], key | {"relation": "attendance_records_2025_09"})

    with pytest.raises(ArchivedSince, match="2025-09"):
        take_back(district, first.import_id)
