"""Real servers in folders of their own, a made one copied, since initdb takes longer; encrypted secrets."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from core.rings import ring_at
from ops.archived import APRIL, TABLE, World, fill
from ops.kept_secrets import Secrets, enrol
from ops.real_server import settings_of, stop_servers_below
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.archive.running import run as archive
from rollbook.testing.databases import Database


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="rb-test-"))
    folder.chmod(0o755)
    yield folder
    stop_servers_below(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """The folder of a server that was made, and is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="rb-made-"))
    folder.chmod(0o755)
    settings = settings_of(folder / "home")
    server.up(settings, durable=False)
    server.down(settings)
    (settings.home / "server.json").unlink()
    yield settings.home
    shutil.rmtree(folder)


@pytest.fixture
def fresh(open_folder: Path) -> Settings:
    """Settings for a server that was never made."""
    return settings_of(open_folder / "home")


@pytest.fixture
def stopped(open_folder: Path, made: Path) -> Settings:
    """Settings for a server that was made, and is stopped."""
    subprocess.run(["cp", "-a", str(made), str(open_folder / "home")], check=True)
    return settings_of(open_folder / "home")


@pytest.fixture
def running(stopped: Settings) -> Settings:
    """Settings for a server that runs."""
    server.up(stopped, durable=False)
    return stopped


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Path]:
    with ring_at(tmp_path / "keyring.json") as path:
        yield path


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Engine]:
    engine = create_engine(fresh_database.url)
    yield engine
    engine.dispose()


@pytest.fixture
def world(fresh_database: Database, app: Engine, ring: Path, tmp_path: Path) -> World:
    """Two tenants with old attendance, none of it in the archive."""
    assert ring.exists()
    return fill(fresh_database, app, tmp_path)


@pytest.fixture
def archived(world: World) -> World:
    """February and March are in the archive, April is not."""
    archive(world.keeping, table=TABLE, before=APRIL)
    return world


@pytest.fixture
def told(ring: Path, app: Engine) -> Secrets:
    """Give users of two tenants a second factor; return what it is."""
    assert ring.exists()
    return {key: secret for slug in ("oak", "elm") for key, secret in enrol(app, slug)}
