"""`rollbook demo` as a user runs it: from nothing to a served list, and again, leaving nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from ops.real_server import clean_environment, rollbook_command, run_rollbook, settings_of, stop_servers_below
from rollbook.ops import server

SIZE: Final = ("--students", "200")
SECRET: Final = "password"
PATIENCE_S: Final = 300


@dataclass(frozen=True)
class Machine:
    """A machine on which Rollbook was never run: its home, and the places that must stay as they are."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "rollbook"

    @property
    def environment(self) -> dict[str, str]:
        places = {"HOME": str(self.folder / "user"), "TMPDIR": str(self.folder / "tmp")}
        return clean_environment(self.home) | places | {"PATH": "/usr/bin:/bin"}

    def demo(self, *options: str) -> subprocess.CompletedProcess[str]:
        return run_rollbook("demo", *SIZE, *options, home=self.home, environment=self.environment)

    def is_running(self) -> bool:
        return server.status(settings_of(self.home)).running

    def left_behind(self) -> list[Path]:
        return [path for place in ("user", "tmp") for path in (self.folder / place).rglob("*")]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="rb-demo-"))
    folder.chmod(0o755)
    for place in ("user", "tmp"):
        (folder / place).mkdir(mode=0o755)
    yield Machine(folder)
    stop_servers_below(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def first(machine: Machine) -> dict[str, Any]:
    """What the first run prints."""
    done = machine.demo("--once", "--json")
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_once_goes_from_nothing_to_a_list_with_reasons(first: dict[str, Any]) -> None:
    (district,) = first["tenants"]

    assert (district["slug"], district["is_synthetic"], district["totals"]["students"]) == ("demo", True, 200)
    assert [line["rank"] for line in district["top"]] == [1, 2, 3, 4, 5]
    assert all(line["reason"] and 0 <= line["risk_score"] <= 1 for line in district["top"])
    assert district["totals"]["scores"] > 5 * 150, "a score a week, so that there is a history"
    assert {s["role"] for s in district["sign_ins"]} == {
        "teacher",
        "counselor",
        "principal",
        "district_admin",
        "guardian",
    }
    assert first["address"] is None


def test_it_leaves_nothing_running_and_nothing_elsewhere(machine: Machine, first: dict[str, Any]) -> None:
    assert first
    assert not machine.is_running()
    assert machine.left_behind() == []


def test_again_changes_nothing_and_says_the_same(machine: Machine, first: dict[str, Any]) -> None:
    again = machine.demo("--once", "--json")

    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == first
    assert "Drawing" not in again.stderr


def test_another_district_is_not_put_over_the_first(machine: Machine, first: dict[str, Any]) -> None:
    assert first
    other = machine.demo("--once", "--seed", "5")

    assert other.returncode == 1
    assert "another district" in other.stderr
    assert other.stdout == ""


def test_a_server_that_ran_before_runs_on(machine: Machine, first: dict[str, Any]) -> None:
    assert first
    run_rollbook("up", home=machine.home, environment=machine.environment)

    assert machine.demo("--once").returncode == 0

    assert machine.is_running()
    run_rollbook("down", home=machine.home, environment=machine.environment)
    assert not machine.is_running()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_serves_until_told_to_stop(
    machine: Machine, first: dict[str, Any], how: signal.Signals, code: int
) -> None:
    assert first
    command = rollbook_command("demo", *SIZE, "--port", "0")
    with subprocess.Popen(
        command,
        env=machine.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as served:
        try:
            printed, address = _until_it_answers(served)
            meanwhile = machine.demo("--once")
            assert (meanwhile.returncode, meanwhile.stdout) == (1, "")
            assert "Another `rollbook demo`" in meanwhile.stderr
            with urllib.request.urlopen(f"{address}/health", timeout=30) as health:
                assert health.status == 200
            os.killpg(served.pid, how)  # as a terminal's Ctrl-C: everyone in the foreground gets it
            assert served.wait(PATIENCE_S) == code
        finally:
            served.kill()

    assert all(sign_in["password"] in printed for sign_in in first["tenants"][0]["sign_ins"])
    assert not machine.is_running()


def _until_it_answers(served: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what is printed up to the address."""
    assert served.stdout is not None
    printed = ""
    for line in served.stdout:
        printed += line
        if found := re.search(r"Rollbook is at (http://127\.0\.0\.1:\d+)", line):
            return printed, found[1]
    raise AssertionError(f"it ended without an address: {printed}")


def test_a_port_in_use_is_said_before_any_work(machine: Machine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run_rollbook(
            "demo", "--port", port, home=tmp_path / "home", environment=machine.environment
        )

    assert refused.returncode == 1
    assert f"Port {port} is in use" in refused.stderr
    assert not (tmp_path / "home").exists()


def test_files_that_are_not_there_are_said_before_any_work(tmp_path: Path) -> None:
    refused = run_rollbook("demo", "--once", "--oulad", str(tmp_path / "nowhere"), home=tmp_path / "home")

    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("options", [("--students", "3"), ("--students", "many"), ("--port", "70000")])
def test_wrong_use_is_told_apart(tmp_path: Path, options: tuple[str, str]) -> None:
    refused = run_rollbook("demo", *options, home=tmp_path / "home")

    assert refused.returncode == 2
    assert not (tmp_path / "home").exists()
