"""A drop of OULAD files, and an import into a database of the test's own."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.csvs import ENROLLED, SCHOOLS, STUDENTS, Place
from exchange.drops import Drop
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from rollbook.exchange.oulad import ImportSummary, import_oulad
from rollbook.testing.databases import Database


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path / "drop")


@pytest.fixture
def import_drop(fresh_database: Database) -> Iterator[Callable[..., ImportSummary]]:
    """Import a drop, or a directory."""

    def run(source: Drop | Path, **options: Any) -> ImportSummary:  # noqa: ANN401 -- as import_oulad's
        directory = source.write() if isinstance(source, Drop) else source
        return import_oulad(fresh_database.url, directory, **options)

    yield run
    engine_for(fresh_database.url, statement_timeout_s=0).dispose()


@pytest.fixture
def rows(fresh_database: Database) -> Callable[..., Sequence[tuple[Any, ...]]]:
    """Run a query as the app's role in a tenant and return its rows."""

    def run(query: str, tenant: str = "oulad") -> Sequence[tuple[Any, ...]]:
        with Session(engine_for(fresh_database.url, statement_timeout_s=0)) as db:
            look_through(db, Visibility(find_tenant(db, tenant).tenant_id))
            return [tuple(row) for row in db.execute(text(query))]

    return run


@pytest.fixture
def csv_place(fresh_database: Database, tmp_path: Path) -> Iterator[Place]:
    yield Place(fresh_database.url, tmp_path)
    engine_for(fresh_database.url, statement_timeout_s=0).dispose()


@pytest.fixture
def school(csv_place: Place) -> Place:
    """Lend a tenant with a school of four students."""
    csv_place.bring("schools", SCHOOLS)
    csv_place.bring("students", STUDENTS)
    csv_place.bring("enrollments", ENROLLED)
    return csv_place
