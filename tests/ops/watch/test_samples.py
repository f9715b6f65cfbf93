"""Samples say at what pace the disk fills; old ones go."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from rollbook.ops.embedded import ServerStatus
from rollbook.ops.watch.samples import DATABASE, FREE, KEPT_DAYS, disk_at, disk_of, growth_of, take_samples
from rollbook.testing.databases import Database, TestServer

PLANT = text(
    "INSERT INTO operations.samples (measure, sampled_at, value)"
    " SELECT :measure, now() - make_interval(hours => n * :step), :first - n * :step / 24.0 * :per_day"
    " FROM generate_series(0, :samples - 1) AS n"
)


@pytest.fixture
def status(rollbook_server: TestServer, fresh_database: Database) -> ServerStatus:
    made: dict[str, Any] = {
        name: getattr(rollbook_server.status, name) for name in ServerStatus.__dataclass_fields__
    }
    return ServerStatus(**made | {"url": fresh_database.url, "owner_url": fresh_database.owner_url})


def test_samples_are_kept_and_pruned(status: ServerStatus, owner_engine: Engine) -> None:
    with Session(owner_engine) as db, db.begin():
        old = {"measure": "old", "step": 24 * (KEPT_DAYS + 1), "first": 1, "per_day": 0, "samples": 2}
        db.execute(PLANT, old)

    kept = take_samples(status)

    assert set(kept) == {DATABASE, FREE}
    with Session(owner_engine) as db:
        rows = db.execute(
            text("SELECT measure, count(*) FROM operations.samples GROUP BY 1 ORDER BY 1")
        ).all()
        assert [tuple(row) for row in rows] == [(DATABASE, 1), (FREE, 1), ("old", 1)]


def test_a_pace_is_told_from_enough_samples_alone(db: Session, owner_engine: Engine) -> None:
    with Session(owner_engine) as owner, owner.begin():
        assert growth_of(owner, FREE) is None, "there are none"
        shape = {"measure": FREE, "first": 1000, "per_day": -24}
        owner.execute(PLANT, shape | {"step": 1, "samples": 3})
        assert growth_of(owner, FREE) is None, "of two hours"
        owner.execute(text("TRUNCATE operations.samples"))
        owner.execute(PLANT, shape | {"step": 6, "samples": 9})

        growth = growth_of(owner, FREE)

        assert growth is not None
        assert growth.per_day == pytest.approx(-24)
        assert growth.span_days == pytest.approx(2)
    assert growth_of(db, DATABASE) is None


def test_the_app_only_reads_them(db: Session) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), db.begin_nested():
        db.execute(text("INSERT INTO operations.samples (measure, value) VALUES ('x', 1)"))


def test_the_disk_of_a_server_elsewhere_is_not_seen(status: ServerStatus, tmp_path: Path) -> None:
    made: dict[str, Any] = {name: getattr(status, name) for name in ServerStatus.__dataclass_fields__}

    assert disk_of(ServerStatus(**made | {"kind": "external"})) is None
    assert disk_of(status) is not None
    assert 0 < disk_at(tmp_path).free < disk_at(tmp_path).size
