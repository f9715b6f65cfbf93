"""One server, one chain of backups for all tests; copied where they are damaged."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.real_server import settings_of, stop_servers_below
from ops.recovery.chains import Chain, make_chain
from rollbook.ops import server


@pytest.fixture(scope="session")
def chain(made: Path) -> Iterator[Chain]:
    folder = Path(tempfile.mkdtemp(prefix="rb-chain-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "-a", str(made), str(folder / "home")], check=True)
    settings = settings_of(folder / "home")
    try:
        server.up(settings, durable=False)
        yield make_chain(settings)
    finally:
        stop_servers_below(folder)
        shutil.rmtree(folder)


@pytest.fixture
def elsewhere(chain: Chain, open_folder: Path) -> Chain:
    """The repository and its key, on another machine."""
    return chain.copied(open_folder)
