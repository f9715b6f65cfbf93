"""A server of its own process, and a client that says whatever it likes to it, byte by byte."""

import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, read until the server hung up or said all."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """`rollbook serve`, in a process."""

    process: "subprocess.Popen[str]"
    host: str
    port: int

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection((self.host, self.port), timeout=WAIT_S)

    def say(self, *parts: bytes) -> Heard:
        """Say this on a connection of its own, and hear the answer."""
        with self.connect() as line:
            for part in parts:
                try:
                    line.sendall(part)
                except OSError:
                    break  # it has said enough, and does not listen any more
            return hear(line)

    def ask(self, head: str, body: bytes = b"", /, **headers: str) -> Heard:
        """Say a request: its first line, headers with "-" for "_", and a body of the length it has."""
        said = {"Host": f"{self.host}:{self.port}", "Connection": "close"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            said |= {"Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return self.say(f"{head}\r\n{lines}\r\n".encode() + body)

    def is_alive(self) -> bool:
        """Say whether it still answers."""
        return self.ask("GET /ready HTTP/1.1").status == 200 and self.process.poll() is None

    def peak_mb(self) -> int:
        """Return the most memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(dict(line.split(":", 1) for line in status.splitlines())["VmHWM"].split()[0]) // 1024


def hear(line: socket.socket) -> Heard:
    """Read the first answer; status 0 = the server hung up without one."""
    said = bytearray()
    try:
        while more := line.recv(65536):
            said += more
            head, end, body = bytes(said).partition(b"\r\n\r\n")
            if end and len(body) >= _length(head):
                break
    except ConnectionResetError:
        pass
    head, _, body = bytes(said).partition(b"\r\n\r\n")
    return Heard(int(head.split(b" ")[1]) if head else 0, _headers(head), body[: _length(head)])


@contextmanager
def server(url: str, owner_url: str, **settings: str) -> Iterator[Server]:
    """Serve a database with ``settings``, until the end of the block."""
    urls = {"ROLLBOOK_DATABASE_URL": url, "ROLLBOOK_OWNER_URL": owner_url}
    command = [sys.executable, "-m", "rollbook.cli", "serve", "--port", "0", "--json"]
    named = {f"ROLLBOOK_{name.upper()}": value for name, value in settings.items()}
    with subprocess.Popen(
        command, env=os.environ | urls | named, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        at = urlsplit(json.loads("".join(itertools.islice(process.stdout, 3)))["address"])
        try:
            yield Server(process, at.hostname or "", at.port or 0)
        finally:
            process.terminate()
            process.wait(timeout=WAIT_S)


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.decode("latin-1").partition(": ") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}


def _length(head: bytes) -> int:
    return int(_headers(head).get("content-length", sys.maxsize))
