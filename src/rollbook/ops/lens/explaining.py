"""Explain a revision: try it on a scratch copy of the schema, and put the real sizes to what was seen."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, NullPool, Row, create_engine
from sqlalchemy.exc import DBAPIError

from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.ops import migrate
from rollbook.ops.lens.copying import Speeds, add, measure, schema_server
from rollbook.ops.lens.errors import FailsOnCopy
from rollbook.ops.lens.observing import Effect, Observer
from rollbook.ops.lens.predicting import Forecast, Size, forecast
from rollbook.ops.migrate import Revision

_SQL: Final = named_sql("rollbook.ops.lens", "lens.sql")
_SILENT: Final = Silent()
_MAJOR: Final = 10_000
_ZONE: Final = "SELECT set_config('timezone', %s, false)"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a way to a revision costs others. ``caveat``: what makes it less sure, if anything does."""

    begins_at: str
    migrations: tuple[Forecast, ...]
    speeds: Speeds
    caveat: str | None

    @property
    def is_safe(self) -> bool:
        """Say whether nobody waits long."""
        return all(made.is_safe for made in self.migrations)


@dataclass(frozen=True, slots=True)
class _Real:
    sizes: Mapping[str, Size]
    additions: list[str]
    version: int
    time_zone: str


def explain(owner_url: str, revision: str, *, sample_s: float = 2.0, report: Report = _SILENT) -> Explanation:
    """Explain each migration from here to ``revision``; of an applied one, that one as it was then.

    Units:  rates of reading and writing are taken over ``sample_s`` seconds.
    Raises: ``FailsOnCopy``; ``SchemaNewer``; ``RevisionUnknown``; what starting a server of our own raises.
    """
    begin, steps = migrate.way_to(owner_url, revision)
    report.step("Looking how big and how busy the tables are")
    real = _look(owner_url, sample_s)
    report.step("Making a copy of the schema to try it on")
    with schema_server(real.version) as url:
        speeds = measure(url)
        made = tuple(
            forecast(step.id, step.title, effects, real.sizes, speeds)
            for step, effects in _tried(url, begin, steps, real, report)
        )
        return Explanation(begin, made, speeds, _caveat(url, real.version))


def _tried(
    url: str, begin: str, steps: Sequence[Revision], real: _Real, report: Report
) -> Iterator[tuple[Revision, list[Effect]]]:
    with _connected(url) as db:
        if begin != "base":
            migrate.walk(db, begin)
        add(url, real.additions)
        db.exec_driver_sql(_ZONE, (real.time_zone,))
        db.commit()
        observer = Observer(db)
        for step in steps:
            report.step(f"Trying {step.id}")
            observer.forget()
            try:
                migrate.walk(db, step.id)
            except DBAPIError as error:
                reason = str(error.orig).splitlines()[0].rstrip(".")
                raise FailsOnCopy(step=step.id, reason=reason) from error
            yield step, observer.forget()


def _look(owner_url: str, sample_s: float) -> _Real:
    """Read the counts twice, in transactions of their own: within one, statistics stand still."""
    with _connected(owner_url) as db:
        first, began = _counts(db), time.monotonic()
        circumstances = db.execute(_SQL["circumstances"]).one()
        additions = list(db.scalars(_SQL["additions"]))
        db.rollback()
        time.sleep(sample_s)
        second, passed = _counts(db), time.monotonic() - began
    sizes = {
        name: Size(
            row.bytes,
            row.index_bytes,
            row.row_count,
            _rate(first, row, "writes", passed),
            _rate(first, row, "reads", passed),
        )
        for name, row in second.items()
    }
    return _Real(sizes, additions, circumstances.version, circumstances.time_zone)


def _counts(db: Connection) -> dict[str, Row[Any]]:
    found = {row.name: row for row in db.execute(_SQL["sizes"])}
    db.rollback()
    return found


def _rate(before: Mapping[str, Row[Any]], now: Row[Any], what: str, seconds: float) -> float:
    then = getattr(before.get(now.name, now), what)
    return max(0.0, float(getattr(now, what) - then) / max(seconds, 0.001))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgres://", "postgresql://", 1), poolclass=NullPool)
    with engine.connect() as db:
        yield db


def _caveat(url: str, version: int) -> str | None:
    with _connected(url) as db:
        tried = int(db.execute(_SQL["circumstances"]).one().version)
    if tried // _MAJOR == version // _MAJOR:
        return None
    return f"Tried on PostgreSQL {tried // _MAJOR}, since the programs of {version // _MAJOR} are not here."
