"""A district of the test's own, and a drop for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.school import District, Drop
from rollbook.core.database import engine_for
from rollbook.testing.databases import Database


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path / "drop")


@pytest.fixture
def district(fresh_database: Database) -> Iterator[District]:
    yield District(fresh_database.url)
    engine_for(fresh_database.url, statement_timeout_s=0).dispose()
