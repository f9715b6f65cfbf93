"""TCP ports of this machine: which are free, and who has the others."""

import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
# Below the ports that Linux lends to outgoing connections, so that a restart finds its port free.
_CANDIDATES: Final = range(20_000, 32_000)
_ATTEMPTS: Final = 20
_LISTENING: Final = "0A"


def candidates(last: int | None) -> Iterator[int]:
    """Yield ports worth trying: the last one, then some by chance."""
    if last is not None:
        yield last
    yield from random.sample(_CANDIDATES, _ATTEMPTS)


def is_port_free(port: int) -> bool:
    """Say whether a server could listen on ``port`` of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def port_user(port: int) -> str:
    """Name the process that listens on ``port``, as well as this account may see it."""
    for inode in _listening_inodes(port):
        for process in Path("/proc").glob("[0-9]*"):
            if _holds(process, f"socket:[{inode}]"):
                name = (process / "comm").read_text(encoding="utf-8").strip()
                return f"process {process.name} ({name})"
    return "another program"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text(encoding="utf-8").splitlines()[1:] if table.exists() else []
        for line in lines:
            _, local, _, state, *_, inode = re.split(r"\s+", line.strip())[:10]
            if state == _LISTENING and local.endswith(f":{port:04X}"):
                yield inode


def _holds(process: Path, link: str) -> bool:
    try:
        return any(str(handle.readlink()) == link for handle in (process / "fd").iterdir())
    except OSError:
        return False
