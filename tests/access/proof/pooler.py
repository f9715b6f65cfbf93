"""A real pgbouncer in transaction mode before a test's server, on loopback, stopped by its own pid."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import make_url

from rollbook.ops.privileges import server_account

_PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_READY_S: Final = 30
_CONFIGURATION: Final = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = {mode}
{more}
default_pool_size = {connections}
max_client_conn = 200
"""


def program() -> str:
    """Return pgbouncer's path; skip, with what to install, where there is none."""
    found = shutil.which("pgbouncer", path=_PATH)
    if found is None:
        pytest.skip("no pgbouncer: install it (apt-get install pgbouncer)")
    return found


@contextmanager
def pooled(url: str, *, connections: int = 2, mode: str = "transaction", more: str = "") -> Iterator[str]:
    """Lend the URL of a pooler that shares ``connections`` connections among all who use ``url``."""
    server, bouncer = make_url(url), program()
    listen = free_port()
    folder = Path(tempfile.mkdtemp(prefix="rb-pooler-"))
    try:
        (folder / "pgbouncer.ini").write_text(
            _CONFIGURATION.format(
                host=server.host,
                port=server.port,
                listen=listen,
                folder=folder,
                connections=connections,
                mode=mode,
                more=more,
            )
        )
        (folder / "users.txt").write_text(f'"{server.username}" "{server.password}"\n')
        through = server.set(host="127.0.0.1", port=listen).render_as_string(hide_password=False)
        with _running(bouncer, folder, through):
            yield through
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(folder: Path, url: str) -> Iterator[None]:
    """Run pgbouncer by the files in ``folder`` until the block ends; ``url`` is how it is reached."""
    with _running(program(), folder, url):
        yield


@contextmanager
def _running(bouncer: str, folder: Path, url: str) -> Iterator[None]:
    """Run it as an account without privileges: as root it refuses."""
    account = server_account(folder / "none", [])
    for path in (folder, *folder.iterdir()):
        account.own(path, 0o700)
    command = [*account.prefix, bouncer, "--quiet", str(folder / "pgbouncer.ini")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **dict[str, Any](account.drop))
    try:
        _wait(process, folder, url)
        yield
    finally:
        process.terminate()
        process.wait(timeout=_READY_S)


def _wait(process: subprocess.Popen[bytes], folder: Path, url: str) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((folder / "log").read_text())
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
