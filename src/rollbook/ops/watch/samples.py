"""Samples over time, and from them: for how many days the disk lasts. The worker takes them."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.sql import named_sql
from rollbook.ops.server import ServerStatus
from rollbook.ops.watch.measures import MEASURES, take, watching

KEPT_DAYS: Final = 90
LOOK: Final = "health"
"""The verb that a look over everything is noted as in operations.runs."""
LOOKS_DAYS: Final = 30
DATABASE: Final = "database_bytes"
FREE: Final = "disk_free_bytes"
_SQL: Final = named_sql("rollbook.ops.watch", "samples.sql")
_TREND_DAYS: Final = 14
_SHORTEST_DAYS: Final = 0.25
_SAMPLED: Final = tuple(measure for measure in MEASURES if measure.name == "database")


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that our own server writes to, in bytes. Nobody can see that of a server elsewhere."""

    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes a day that a measure grew by, over ``span_days``."""

    per_day: float
    span_days: float


def disk_of(status: ServerStatus) -> Disk | None:
    """Return the disk of our own server; None where somebody else runs it."""
    if status.kind == "external":
        return None
    return disk_at(status.home)


def disk_at(folder: Path) -> Disk:
    """Return the disk that ``folder`` is on."""
    usage = shutil.disk_usage(folder)
    return Disk(usage.free, usage.total)


def take_samples(status: ServerStatus) -> dict[str, float]:
    """Keep what the database and the disk hold now, and forget what is too old. Once an hour is enough."""
    with watching(status.owner_url) as db:
        database = take(db, measures=_SAMPLED).one("database")
    disk = disk_of(status)
    kept: dict[str, float] = {DATABASE: database["bytes"]} if database else {}
    if disk is not None:
        kept[FREE] = disk.free
    with Session(engine_for(status.owner_url)) as db, db.begin():
        for name, value in kept.items():
            db.execute(_SQL["keep_sample"], {"measure": name, "value": value})
        db.execute(_SQL["prune_samples"], {"days": KEPT_DAYS})
    return kept


def forget_looks(status: ServerStatus) -> None:
    """Forget looks that are old: what they found is out of date, and there is one every hour."""
    with Session(engine_for(status.owner_url)) as db, db.begin():
        db.execute(_SQL["forget_looks"], {"verb": LOOK, "days": LOOKS_DAYS})


def growth_of(db: Session, measure: str) -> Growth | None:
    """Return how a measure grew over the last two weeks; None as long as samples tell too little.

    So too where the schema is one that keeps no samples yet.
    """
    try:
        with db.begin_nested():
            found = db.execute(_SQL["trend"], {"measure": measure, "days": _TREND_DAYS}).one()
    except ProgrammingError:
        return None
    if found.per_day is None or found.span_days < _SHORTEST_DAYS:
        return None
    return Growth(found.per_day, found.span_days)


def days_left(free: float, growth: Growth | None) -> float | None:
    """Return for how many days ``free`` bytes last; None where nothing grows, or that is not known.

    ``growth`` is that of the free space, so it falls where the disk fills.
    """
    if growth is None or growth.per_day >= 0:
        return None
    return free / -growth.per_day
