"""systemd takes the units, finds them closed, and the commands in them are ours."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import document
import pytest
from typer.main import get_command

from rollbook import cli

UNITS = sorted(Path(__file__).parents[3].glob("deploy/systemd/*.service"))
PROGRAM = "/opt/rollbook/.venv/bin/rollbook"
COMMANDS = {name for name, _ in document.commands("rollbook", get_command(cli.app))}
# Of ten, by systemd's own measure; a unit that nobody closed has over nine.
MOST_EXPOSED = 15

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.stem for unit in UNITS] == [
        f"rollbook-{name}" for name in ("database", "monitor", "wal", "web", "worker")
    ]


@needs_systemd
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """As on a machine where Rollbook is installed, for an account that this one has."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(
            PROGRAM, str(Path(sys.executable).with_name("rollbook"))
        )
        account = re.sub(r"^(User|Group)=rollbook$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(account)

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *tmp_path.glob("*.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_closed(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout.splitlines()[-1:]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_commands_of_ours_as_an_account_of_its_own(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    run = re.findall(rf"^Exec(?:Start|Stop)={PROGRAM} (.+)$", text, re.MULTILINE)

    assert run
    assert {f"rollbook {command.partition(' --')[0]}" for command in run} <= COMMANDS
    assert "\nUser=rollbook\n" in text
    assert "RemoveIPC=yes" not in text, "that would take PostgreSQL's memory from under it"
    # seen on a real systemd: in a user namespace of its own, a unit took the running server for a stopped one
    assert "PrivateUsers=yes" not in text


def test_no_password_goes_into_the_journal() -> None:
    """`rollbook up` says at which URLs the server answers, for people who try things out."""
    says = [unit for unit in UNITS if re.search(r"^ExecStart=.* up$", unit.read_text(), re.MULTILINE)]

    assert [unit.stem for unit in says] == ["rollbook-database"]
    assert "\nStandardOutput=null\n" in says[0].read_text(encoding="utf-8")
