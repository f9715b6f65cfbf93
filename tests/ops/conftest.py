"""Real servers in folders of their own. A made one is copied, since initdb takes longer than a copy."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import home_of

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="rb-test-"))
    folder.chmod(0o755)
    yield folder
    stop_servers_below(folder)
    shutil.rmtree(folder)


def stop_servers_below(folder: Path) -> None:
    for data in folder.rglob("postmaster.pid"):
        server.down(Settings(home=data.parent.parent))


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """The folder of a server that was made, and is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="rb-made-"))
    folder.chmod(0o755)
    settings = Settings(home=folder / "home")
    server.up(settings, durable=False)
    server.down(settings)
    (settings.home / "server.json").unlink()
    yield settings.home
    shutil.rmtree(folder)


@pytest.fixture
def fresh(open_folder: Path) -> Settings:
    """Settings for a server that was never made."""
    return Settings(home=open_folder / "home")


@pytest.fixture
def stopped(open_folder: Path, made: Path) -> Settings:
    """Settings for a server that was made, and is stopped."""
    subprocess.run(["cp", "-a", str(made), str(open_folder / "home")], check=True)
    return Settings(home=open_folder / "home")


@pytest.fixture
def running(stopped: Settings) -> Settings:
    """Settings for a server that runs."""
    server.up(stopped, durable=False)
    return stopped


@pytest.fixture
def rollbook() -> Command:
    """Run the command `rollbook` as a user does."""
    return run_rollbook


def run_rollbook(
    *arguments: str, home: Path, environment: Mapping[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        rollbook_command(*arguments),
        env=clean_environment(home) | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )


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


def admin(settings: Settings):  # noqa: ANN201
    from rollbook.ops.embedded import connect_as_superuser

    return connect_as_superuser(settings, "rollbook")


def crash(settings: Settings) -> int:
    """Kill the server's first process as a power failure of its own would."""
    pid = server.status(settings).pid
    assert pid is not None
    os.kill(pid, 9)
    return pid


def log_of(settings: Settings) -> str:
    return home_of(settings).log.read_text()
