"""A job by a command: its figures, its findings, its sentence; and it does not outlive the worker."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from rollbook.ops.runs import Noted
from rollbook.testing.databases import TestServer
from rollbook.worker.commanded import _figures, run_command
from rollbook.worker.errors import CommandFailed


@pytest.fixture
def home(rollbook_server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_HOME", str(rollbook_server.settings.home))


@pytest.mark.usefixtures("home")
def test_figures_and_failures_are_the_commands_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Noted(uuid4())
    run_command(run, "status")
    assert run.facts["kind"] == "embedded"
    assert not run.has_findings

    monkeypatch.setenv("ROLLBOOK_HOME", str(tmp_path))
    with pytest.raises(CommandFailed, match="`rollbook tenants` failed: The server is not running"):
        run_command(run, "tenants")


def test_a_command_dies_with_the_worker(tmp_path: Path) -> None:
    """The child would follow a log for ever."""
    (tmp_path / "server.log").write_text("begun\n")
    code = (
        "import os, subprocess, sys\n"
        "command = [sys.executable, '-m', 'rollbook.worker.child', str(os.getpid()), 'logs', '--follow']\n"
        "child = subprocess.Popen(command, stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    environment = os.environ | {"ROLLBOOK_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(1)
        assert Path(f"/proc/{child}").exists()
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _lives(child):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("told", "figures"),
    [
        (
            '{"bytes": 7, "files": ["a", "b"], "of": {"x": 1}, "kind": "full"}',
            {"bytes": 7, "files": 2, "kind": "full"},
        ),
        ("[1, 2, 3]", {"lines": 3}),
        ("", {}),
    ],
)
def test_plain_values_are_kept(told: str, figures: dict[str, object]) -> None:
    assert _figures(told) == figures
