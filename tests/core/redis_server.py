"""A real Redis for a test, on loopback, stopped by its own pid; and one that misbehaves."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from rollbook.core.cache import cache_at
from rollbook.core.settings import settings


@dataclass
class Redis:
    """A server and how it is reached."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    def names(self) -> list[bytes]:
        return sorted(name for name in self.client.scan_iter() if isinstance(name, bytes))

    def die(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def hang(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


def program() -> str:
    """Return redis-server's path; skip, with what to install, where there is none."""
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server: install it (apt-get install redis-server)")
    return found


@contextmanager
def redis_running() -> Iterator[Redis]:
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="rb-redis-"))
    command = [program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        server = Redis(port, subprocess.Popen(command, stdout=log, stderr=log))
    try:
        _wait(server)
        yield server
    finally:
        server.die()
        shutil.rmtree(folder)


@contextmanager
def kept_at(url: str | None, ttl_s: int = 3600) -> Iterator[None]:
    """Let answers be kept at ``url``, or nowhere, and no fault of before be remembered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ROLLBOOK_REDIS_URL", raising=False)
        if url:
            patch.setenv("ROLLBOOK_REDIS_URL", url)
        patch.setenv("ROLLBOOK_CACHE_TTL_S", str(ttl_s))
        settings.cache_clear()
        cache_at.cache_clear()
        yield
    settings.cache_clear()
    cache_at.cache_clear()


@contextmanager
def answering(words: bytes) -> Iterator[str]:
    """Listen like a Redis that says ``words`` to whatever it is asked; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_answer, args=(listening, words), daemon=True).start()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def _answer(listening: socket.socket, words: bytes) -> None:
    while True:
        try:
            client, _ = listening.accept()
            with client:
                while client.recv(65536):
                    client.sendall(words)
        except OSError:
            return


def _wait(server: Redis) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.client.ping()
        except redis.RedisError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("redis-server does not answer")
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
