"""Plans of slow statements that auto_explain wrote into a server's log: their shape, never a value.

Rollbook has them logged only where it is asked to: for the application's role alone, as JSON, with the
statement's number, without parameters.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from rollbook.ops.roles import APP
from rollbook.ops.tuning.errors import LogUnreadable, PlansNotLogged
from rollbook.ops.tuning.explaining import shape
from rollbook.ops.tuning.looking import Raw

_SAID: Final = re.compile(r"duration: (?P<ms>[\d.]+) ms  plan:\s*(?P<plan>\{.*)", re.DOTALL)
_SETTINGS: Final = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_format": "json",
    "auto_explain.log_verbose": "on",
    "auto_explain.log_parameter_max_length": "0",
    "auto_explain.log_nested_statements": "off",
}
_MINIMUM: Final = "auto_explain.log_min_duration"
_LAST_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class SeenPlan:
    """How a slow statement was answered. ``query_id`` is that of pg_stat_statements, where it was logged."""

    query_id: int | None
    ms: float
    shape: tuple[str, ...]


def log_plans(db: Raw, over_ms: int | None) -> None:
    """Have the plans of the application's statements over ``over_ms`` logged; None: none any more.

    Connections that are open stay as they are.
    Raises: ``PlansNotLogged``.
    """
    role = sql.Identifier(APP)
    wanted = {**_SETTINGS, _MINIMUM: str(over_ms)}
    try:
        with db.transaction():
            db.execute("LOAD 'auto_explain'")  # so that its settings are known
            for name, value in wanted.items():
                said = sql.SQL("RESET {}") if over_ms is None else sql.SQL("SET {} = {}")
                parts = [_name(name), *([] if over_ms is None else [sql.Literal(value)])]
                change = said.format(*parts)
                db.execute(
                    sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(role, sql.Identifier(db.info.dbname))
                    + change
                )
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFile) as error:
        raise PlansNotLogged from error


def _name(setting: str) -> sql.Identifier:
    return sql.Identifier(*setting.split("."))


def seen(path: Path) -> list[SeenPlan]:
    """Return the plans in the last part of a log, plain or jsonlog, the newest last.

    Raises: ``LogUnreadable``.
    """
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _LAST_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError as error:
        raise LogUnreadable(path=path, reason=error.strerror) from error
    return [plan for said in _messages(text) if (plan := _plan(said))]


def _messages(text: str) -> Iterator[str]:
    """Yield each message: a line of JSON's, or a line with those below it that begin with a tab."""
    message: list[str] = []
    for line in text.splitlines():
        if line.startswith("\t"):
            message.append(line[1:])
            continue
        if message:
            yield "\n".join(message)
        message = [_of_json(line) if line.startswith("{") else line]
    yield "\n".join(message)


def _of_json(line: str) -> str:
    try:
        return str(json.loads(line).get("message", ""))
    except json.JSONDecodeError:
        return ""


def _plan(said: str) -> SeenPlan | None:
    found = _SAID.search(said)
    if found is None:
        return None
    try:
        logged: dict[str, Any] = json.loads(found["plan"])
        return SeenPlan(logged.get("Query Identifier"), float(found["ms"]), shape(logged["Plan"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # its beginning was rotated away, it is just being written, or it is no plan
