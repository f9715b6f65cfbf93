"""What tests of the server do to it: run commands as a user does, keep rows, kill it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from commands import run
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.roles import Connection


def settings_of(home: Path, **chosen: object) -> Settings:
    """Settings for ``home``, whatever the environment says."""
    plain: dict[str, object] = dict.fromkeys(("database_url", "owner_url", "database_port", "database_bin"))
    return Settings(home=home, **(plain | chosen))  # type: ignore[arg-type]  # pydantic checks them


def stop_servers_below(folder: Path) -> None:
    for pid_file in folder.rglob("postmaster.pid"):
        server.down(settings_of(pid_file.parent.parent))


def run_rollbook(
    *arguments: str, home: Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    return run(*arguments, env=clean_environment(home) | dict(environment or {}), cwd=cwd)


def rollbook_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rollbook.cli", *arguments]


def clean_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
    return kept | {"ROLLBOOK_HOME": str(home)}


def write_a_row(settings: Settings, value: str = "kept") -> None:
    with admin(settings) as db:
        db.execute("CREATE TABLE IF NOT EXISTS proof (value text)")
        db.execute("INSERT INTO proof VALUES (%s)", [value])


def rows(settings: Settings) -> list[str]:
    with admin(settings) as db:
        return [str(value) for (value,) in db.execute("SELECT value FROM proof ORDER BY value")]


def admin(settings: Settings) -> Connection:
    return connect_as_superuser(settings, "rollbook")


def crash(settings: Settings) -> int:
    """Kill the server's first process as a power failure of its own would."""
    pid = server.status(settings).pid
    assert pid is not None
    os.kill(pid, 9)
    return pid


def log_of(settings: Settings) -> str:
    return home_of(settings).log.read_text()
