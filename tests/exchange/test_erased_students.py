"""Who was erased does not come back by an import, and an import says whom it left out, by number of lines."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, select, text

from exchange.csvs import ATTENDANCE, ENROLLED, MARKS, SCHOOLS, STUDENTS, Place
from exchange.drops import Drop as OuladDrop
from exchange.oneroster.bundles import District, Drop
from places import OwnTenant
from rollbook.access.service import find_student_id
from rollbook.core.encryption import Column
from rollbook.core.keyring import RingMissing, ring_path
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, transaction
from rollbook.exchange.oulad import ImportSummary
from rollbook.intake.erased import FORMER_FILE, ErasedReturns, ErasureKeyMissing
from rollbook.intake.models import ErasureKey
from rollbook.privacy.erasing import erase
from rollbook.privacy.holds import NobodyErased, readmit
from rollbook.testing.databases import Database

EVERYWHERE = text("SELECT string_agg(fields::text, '') FROM intake_rejects")
LEFT_OUT = "names somebody whose record was erased; the line was left out"
Erase = Callable[[str, str], int]


@pytest.fixture
def owner_erases(fresh_database: Database) -> Iterator[Erase]:
    """Return what erases a tenant's student, by number."""
    owner = create_engine(fresh_database.owner_url)

    def run(slug: str, number: str) -> int:
        with owner.connect() as connection, connection.begin():
            connection.execute(text("SELECT set_config('rollbook.tenant_slug', :slug, true)"), {"slug": slug})
            tenant_id: int = connection.execute(
                text("SELECT tenant_id FROM tenants WHERE slug = :slug"), {"slug": slug}
            ).scalar_one()
        with transaction(owner, Visibility(tenant_id)) as db:
            student_id = find_student_id(db, tenant_id, number)
            return erase(db, db.get_one(Tenant, tenant_id), student_id, basis="request 1").erasure_id

    yield run
    owner.dispose()


def liberties(outcome: Any) -> dict[str, int]:  # noqa: ANN401 -- an outcome of any format
    return {one.file: one.count for one in outcome.liberties if one.what == LEFT_OUT}


def quarantined(place: OwnTenant) -> str:
    with place.session() as db:
        return db.scalar(EVERYWHERE) or ""


def test_a_bundle_with_an_erased_student_is_imported_without_them(
    fresh_database: Database, tmp_path: Path, owner_erases: Erase
) -> None:
    district = District(fresh_database.url)
    first = district.bring(Drop(tmp_path / "first.zip"))
    owner_erases(district.slug, "1001")
    again = district.bring(Drop(tmp_path / "again.zip"))

    assert liberties(first) == {}
    assert liberties(again)["users.csv"] == 1
    assert liberties(again)["roles.csv"] >= 1
    numbers = {number for (number,) in district.rows("SELECT student_number FROM students")}
    assert "1001" not in numbers
    assert {"1002", "1003"} <= numbers
    kept = district.rows(
        "SELECT count(*) FROM source_records WHERE source_id = 'u1' OR facts::text LIKE '%ada%'"
    )
    assert kept == [(0,)]
    assert "Byron" not in quarantined(district)


def test_csv_lines_that_name_an_erased_student_are_left_out(csv_place: Place, owner_erases: Erase) -> None:
    csv_place.bring("schools", SCHOOLS)
    csv_place.bring("students", STUDENTS)
    csv_place.bring("enrollments", ENROLLED)
    csv_place.bring("attendance", MARKS)
    owner_erases(csv_place.slug, "1")

    students = csv_place.bring("students", STUDENTS)
    marks = csv_place.bring("attendance", MARKS)

    assert liberties(students) == {"students.csv": 1}
    assert liberties(marks) == {"attendance.csv": 2}
    assert (students.rejected, marks.rejected) == (0, 0)
    assert csv_place.rows("SELECT count(*) FROM students WHERE student_number = '1'") == [(0,)]
    assert {row[0] for row in csv_place.rows(ATTENDANCE)} == {"2"}
    assert quarantined(csv_place) == ""


def test_who_is_let_in_again_comes_back_as_somebody_new(
    csv_place: Place, owner_erases: Erase, fresh_database: Database
) -> None:
    csv_place.bring("students", STUDENTS)
    (before,) = csv_place.rows("SELECT student_id FROM students WHERE student_number = '1'")
    owner_erases(csv_place.slug, "1")
    owner = create_engine(fresh_database.owner_url)
    with csv_place.session() as seen:
        tenant_id = find_tenant(seen, csv_place.slug).tenant_id
    with transaction(owner, Visibility(tenant_id)) as db:
        with pytest.raises(NobodyErased):
            readmit(db, tenant_id, "2")
        assert readmit(db, tenant_id, "1") == 1
    owner.dispose()

    csv_place.bring("students", STUDENTS)

    (after,) = csv_place.rows("SELECT student_id FROM students WHERE student_number = '1'")
    assert after != before


def test_another_tenant_may_have_somebody_of_the_same_number(csv_place: Place, owner_erases: Erase) -> None:
    csv_place.bring("students", STUDENTS)
    owner_erases(csv_place.slug, "1")

    other = Place(csv_place.url, csv_place.folder, "elm")
    assert liberties(other.bring("students", STUDENTS)) == {}


def test_the_open_universitys_drop_is_refused_as_a_whole(
    drop: OuladDrop, import_drop: Callable[..., ImportSummary], owner_erases: Erase
) -> None:
    import_drop(drop)
    owner_erases("oulad", "8")

    with pytest.raises(ErasedReturns, match="1 of the students"):
        import_drop(drop)


def test_without_the_ring_nothing_is_imported_that_could_bring_them_back(
    csv_place: Place, owner_erases: Erase
) -> None:
    csv_place.bring("students", STUDENTS)
    owner_erases(csv_place.slug, "1")
    ring = ring_path()
    aside = ring.rename(ring.with_suffix(".aside"))
    try:
        with pytest.raises(RingMissing):
            csv_place.bring("students", STUDENTS)
    finally:
        aside.rename(ring)
    assert liberties(csv_place.bring("students", STUDENTS)) == {"students.csv": 1}


def test_the_key_that_a_release_before_kept_in_a_file_is_needed_and_then_taken_over(
    csv_place: Place, owner_erases: Erase, fresh_database: Database
) -> None:
    csv_place.bring("students", STUDENTS)
    owner_erases(csv_place.slug, "1")
    path = settings().home / FORMER_FILE
    with csv_place.session() as db:
        (kept,) = db.scalars(select(ErasureKey)).all()
        secret = Column(kept.tenant_id, "erasure_keys", "secret").open(kept.key_id, kept.secret)
    with create_engine(fresh_database.owner_url, poolclass=NullPool).begin() as owner:
        owner.execute(text("ALTER TABLE erasure_keys NO FORCE ROW LEVEL SECURITY"))
        owner.execute(text("DELETE FROM erasure_keys"))
        owner.execute(text("ALTER TABLE erasure_keys FORCE ROW LEVEL SECURITY"))
    with pytest.raises(ErasureKeyMissing):
        csv_place.bring("students", STUDENTS)

    path.write_text(secret or "")
    try:
        assert liberties(csv_place.bring("students", STUDENTS)) == {"students.csv": 1}
        owner_erases(csv_place.slug, "2")
    finally:
        path.unlink()
    assert liberties(csv_place.bring("students", STUDENTS)) == {"students.csv": 2}
