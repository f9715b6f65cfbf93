"""The words of `make` that the design promises: each is there, says what it does, and does it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ops.deploy.compose_file import ROOT
from ops.real_server import admin, settings_of, stop_servers_below
from rollbook.ops import server

VERBS = [
    *("setup", "start", "stop", "status", "logs", "migrate", "migrate-status", "migrate-force", "test"),
    *("reset", "backup", "backup-schema", "backup-data", "backup-list", "restore", "dev-setup"),
    *("quick-reset", "daily-backup", "prod-setup"),
]
VENV = Path(sys.executable).parents[1]


def make(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make on this checkout, whose packages are as they are."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROLLBOOK_", "PYTEST", "MAKE"))
    }
    as_is = [word for stamp in (".run", ".dev") for word in ("--old-file", str(VENV / stamp))]
    return subprocess.run(
        ["make", "--no-print-directory", "--directory", str(ROOT), *as_is, f"VENV={VENV}", *words],
        env=kept | {"ROLLBOOK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_there_and_says_what_it_does(verb: str, tmp_path: Path) -> None:
    helped = make(tmp_path, "help").stdout
    planned = make(tmp_path, "--dry-run", verb, "BACKUP_FILE=latest", "REV=head")

    assert any(line.split()[:1] == [verb] and len(line.split()) >= 3 for line in helped.splitlines()), helped
    assert planned.returncode == 0, planned.stderr


@pytest.mark.slow
def test_every_verb_does_its_work() -> None:
    with tempfile.TemporaryDirectory(prefix="rb-make-") as folder:
        Path(folder).chmod(0o755)
        try:
            _run_all(Path(folder) / "home")
        finally:
            stop_servers_below(Path(folder))


def _run_all(home: Path) -> None:
    def do(*words: str) -> str:
        done = make(home, *words)
        assert done.returncode == 0, f"make {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    do("setup")
    do("dev-setup")
    do("start")
    assert '"running": true' in do("status", "ARGS=--json")
    assert "database system is ready" in do("logs")
    do("migrate")
    do("migrate-status")
    do("migrate-force", "REV=head", "ARGS=--yes")
    do("quick-reset", "ARGS=--students 12 --phases 1-2")
    students = count(home)
    assert students == 12
    do("backup")
    full = json.loads(do("backup-list", "ARGS=--json"))["backups"][-1]["backup"]
    do("backup-schema")
    do("backup-data")
    assert len(json.loads(do("backup-list", "ARGS=--json"))["backups"]) == 3
    assert make(home, "reset").returncode != 0, "it asks, and nobody answers"
    assert count(home) == students
    do("reset", "ARGS=--yes")
    assert count(home) == 0
    assert make(home, "restore").returncode != 0, "it wants to know which"
    do("restore", f"BACKUP_FILE={full}", "ARGS=--yes")
    assert count(home) == students
    do("daily-backup")
    assert make(home, "prod-setup").returncode in {0, 2}, "2 is make's word for findings"
    do("test", "WORKERS=0", "ARGS=tests/core/test_secret_files.py -q")
    do("stop")
    assert not server.status(settings_of(home)).running


def count(home: Path) -> int:
    """Count students as the superuser, whom no wall hides rows from."""

    with admin(settings_of(home)) as db:
        found = db.execute("SELECT count(*) FROM students").fetchone()
    assert found is not None
    return int(str(found[0]))
