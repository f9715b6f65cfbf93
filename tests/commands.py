"""Rollbook's commands, run each in a process of its own, over a database that was lent."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from rollbook.testing.databases import Database

PATIENCE_S: Final = 300


def rollbook(
    database: Database, *arguments: object, given: str | bytes = "", cwd: Path | None = None, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run `rollbook ARGUMENTS` on ``database``, with ``given`` on stdin, and return what it said."""
    urls = {"ROLLBOOK_DATABASE_URL": database.url, "ROLLBOOK_OWNER_URL": database.owner_url}
    return run(*arguments, env=os.environ | urls | settings, given=given, cwd=cwd)


def run(
    *arguments: object, env: Mapping[str, str], given: str | bytes = "", cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `rollbook ARGUMENTS` with this environment, to its end, and return what it said."""
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryDirectory(prefix="rb-command-") as folder:
        paths = {name: Path(folder, name) for name in ("in", "out", "err", "code")}
        paths["in"].write_bytes(given.encode() if isinstance(given, str) else given)
        paths["out"].touch()
        paths["err"].touch()
        os.mkfifo(paths["code"])
        told = {name: str(path) for name, path in paths.items()}
        _tell(told | {"arguments": words, "env": dict(env), "cwd": str(cwd or Path.cwd())})
        code = _wait(paths["code"])
        said, complained = (paths[name].read_text(encoding="utf-8") for name in ("out", "err"))
    return subprocess.CompletedProcess(["rollbook", *words], code, said, complained)


def _wait(pipe: Path) -> int:
    """Return the exit code that comes out of the named pipe."""
    opened = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready, _, _ = select.select([opened], [], [], PATIENCE_S)
        assert ready, "the command has not ended"
        return int(os.read(opened, 9))
    finally:
        os.close(opened)


def _tell(what: dict[str, object]) -> None:
    forking = _forking()
    assert forking.stdin is not None
    forking.stdin.write(json.dumps(what) + "\n")
    forking.stdin.flush()


@cache
def _forking() -> "subprocess.Popen[str]":
    """Start the process that forks, once for this one."""
    here = Path(__file__).with_name("forking.py")
    started = subprocess.Popen([sys.executable, here], stdin=subprocess.PIPE, text=True)
    assert started.stdin is not None
    atexit.register(_end, started)
    return started


def _end(forking: "subprocess.Popen[str]") -> None:
    assert forking.stdin is not None
    forking.stdin.close()
    forking.wait(timeout=60)
