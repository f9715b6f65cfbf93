"""Whether the process lives, whether it can work, and its figures for Prometheus."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, QueuePool, text
from sqlalchemy.exc import ProgrammingError

from rollbook.core.errors import Unavailable
from rollbook.ops import migrate

router = APIRouter(include_in_schema=False)

_REVISION: Final = text("SELECT version_num FROM alembic_version")


class SchemaNotCurrent(Unavailable):
    """The database's schema is not the one this version of Rollbook needs. Run `rollbook db migrate`."""


class _Pool(Collector):
    """The pool's connections, read when asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge."""
        gauge = GaugeMetricFamily(
            "rollbook_db_connections", "Connections of the pool, by state.", labels=("state",)
        )
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        gauge.add_metric(("in_use",), pool.checkedout())
        gauge.add_metric(("idle",), pool.checkedin())
        yield gauge


def register_collectors(registry: CollectorRegistry, engine: Engine) -> None:
    """Tell ``registry`` of the pool and of this process."""
    registry.register(_Pool(engine))
    ProcessCollector(registry=registry)


@router.get("/health")
def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/ready")
def ready(request: Request) -> dict[str, str]:
    """Say that the database answers and has the schema of this version; 503 otherwise."""
    try:
        with request.app.state.engine.connect() as db:
            revision = db.execute(_REVISION).scalar_one_or_none()
    except ProgrammingError as error:  # no migration has run: there is no such table yet
        raise SchemaNotCurrent from error
    if revision != _newest_revision():
        raise SchemaNotCurrent
    return {"status": "ready"}


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Return the figures in Prometheus's text format."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


@cache
def _newest_revision() -> str | None:
    return migrate.newest()
