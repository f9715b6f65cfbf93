"""Redis, where one is set: it is optional, and its absence is no fault."""

import secrets
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from rollbook.core.checks import Checked, State, fine
from rollbook.core.settings import settings

_TIMEOUT_S: Final = 5


def look_at_redis() -> Iterator[Checked]:
    """Yield what is found: a key is written, read and removed. Nothing, where no Redis is set."""
    url = settings().redis_url
    if url is None:
        return
    try:
        redis: Any = import_module("redis")
    except ImportError:
        yield Checked(
            "redis", State.WARNING, "Rollbook's extra for Redis is not here.", "pip install rollbook[redis]"
        )
        return
    try:
        with redis.from_url(url.get_secret_value(), socket_timeout=_TIMEOUT_S) as client:
            works = _writes_and_reads(client)
    except redis.RedisError as error:
        yield _silent(type(error).__name__)
        return
    yield fine("redis", "Redis keeps what it is told.") if works else _silent("it lost a key")


def _writes_and_reads(client: Any) -> bool:  # noqa: ANN401 -- the library is optional
    key, value = f"rollbook:probe:{secrets.token_hex(16)}", secrets.token_bytes(16)
    client.set(key, value, ex=_TIMEOUT_S)
    kept = bool(client.get(key) == value)
    client.delete(key)
    return kept


def _silent(reason: str) -> Checked:
    return Checked(
        "redis",
        State.WARNING,
        f"Redis does not work ({reason}); Rollbook goes on without it, more slowly.",
        "Start it, or unset ROLLBOOK_REDIS_URL.",
    )
