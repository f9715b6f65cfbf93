"""Whether the process lives, whether it can work, and its figures for Prometheus.

Anybody may see how many requests there were. What tells more of the inside, as which tables are asked how
often, is for this machine alone, or for whoever shows the token of the settings.
"""

from functools import cache
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from rollbook.app.pool_metrics import PoolCollector
from rollbook.core.errors import Unavailable
from rollbook.core.schema import Base
from rollbook.core.settings import settings
from rollbook.ops import migrate
from rollbook.ops.watch.queries import time_queries
from rollbook.ops.watch.serving import is_loopback, is_shown

router = APIRouter(include_in_schema=False)

_BY_PROXY: Final = (
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "forwarded",
    "via",
)
_REVISION: Final = text("SELECT version_num FROM alembic_version")


class SchemaNotCurrent(Unavailable):
    """The database's schema is not the one this version of Rollbook needs. Run `rollbook db migrate`."""


def register_collectors(
    registry: CollectorRegistry, inner: CollectorRegistry, engine: Engine, replica: Engine | None
) -> None:
    """Tell ``registry`` of the pool and of this process, and ``inner`` of the queries, a replica's too."""
    registry.register(PoolCollector(engine))
    ProcessCollector(registry=registry)
    time_queries(filter(None, (engine, replica)), inner, Base.metadata.tables)


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
    """Return the figures in Prometheus's text format; those of the inside to whom they are for."""
    state = request.app.state
    told = generate_latest(state.registry)
    if sees_the_inside(request, settings().metrics_token):
        told += generate_latest(state.inner_registry)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def sees_the_inside(request: Request, token: SecretStr | None) -> bool:
    """Say whether a request shows the token, or where there is none, comes straight from this machine.

    Behind a proxy everybody seems to come from it; it says so in the request, unless it is to be believed.
    """
    if token is not None:
        return is_shown(request.headers.get("authorization"), token.get_secret_value())
    is_direct = not any(name in request.headers for name in _BY_PROXY)
    return is_direct and request.client is not None and is_loopback(request.client.host)


@cache
def _newest_revision() -> str | None:
    return migrate.newest()
