"""Hands files of the log to a server that recovers, by a socket: it needs neither key nor repository."""

import shlex
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rollbook.ops.privileges import Account
from rollbook.ops.recovery import wal_fetch

Fetch = Callable[[str], bytes | None]
_ABSENT: Final = b"absent\n"
_REFUSED: Final = b"refused\n"


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, fetch: Fetch) -> None:
        self.fetch = fetch
        self.refused: list[Exception] = []
        self.asked: set[str] = set()
        super().__init__(str(path), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        name = self.rfile.readline(1024).decode().strip()
        server.asked.add(name)
        try:
            content = server.fetch(name)
        except Exception as error:  # noqa: BLE001 -- told to whoever recovers, who raises it
            server.refused.append(error)
            self.wfile.write(_REFUSED)
            return
        finally:
            server.asked.discard(name)
        if content is None:
            self.wfile.write(_ABSENT)
        else:
            self.wfile.write(b"%d\n" % len(content))
            self.wfile.write(content)


class Served:
    """The running hand-out: the restore_command that asks it, and what it had to refuse."""

    def __init__(self, address: Path, server: _Server) -> None:
        self._address, self._server = address, server

    @property
    def command(self) -> str:
        """The restore_command."""
        words = (sys.executable, "-I", "-S", wal_fetch.__file__, str(self._address))
        return " ".join(shlex.quote(word).replace("%", "%%") for word in words) + ' "%f" "%p"'

    def is_fetching(self) -> bool:
        """Say whether a file is being fetched, however long that takes."""
        return bool(self._server.asked)

    @property
    def refused(self) -> Exception | None:
        """The first file that could not be handed out, and why."""
        return next(iter(self._server.refused), None)


@contextmanager
def serving(folder: Path, fetch: Fetch, account: Account) -> Iterator[Served]:
    """Hand out what ``fetch`` returns by name, on a socket in ``folder``, for the server's account."""
    address = folder / "wal.sock"
    address.unlink(missing_ok=True)
    with _Server(address, fetch) as server:
        account.own(address, 0o600)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Served(address, server)
        finally:
            server.shutdown()
            thread.join()
    address.unlink(missing_ok=True)
