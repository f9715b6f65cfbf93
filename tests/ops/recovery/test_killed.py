"""Backups and restores killed at any instant: what was good stays good, nothing half-made counts."""

import random
import subprocess
import time

import pytest

from ops.real_server import clean_environment, rollbook_command, rows, write_a_row
from ops.recovery.chains import create, vault_of
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.backup.verifying import verify
from rollbook.ops.recovery.drill import drill
from rollbook.ops.recovery.scratch import PREFIX, sweep

TIMES = 20


def run_for(settings: Settings, seconds: float | None, *arguments: str) -> float:
    """Run a command and kill it after so long, or let it end; return how long it ran."""
    began = time.monotonic()
    process = subprocess.Popen(
        rollbook_command(*arguments),
        env=clean_environment(settings.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, said = process.communicate(timeout=seconds)
        assert process.returncode == 0, said.decode()
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return time.monotonic() - began


@pytest.mark.slow
def test_a_backup_killed_at_any_instant_leaves_none_or_a_whole_one(running: Settings) -> None:
    vault = vault_of(running)
    write_a_row(running)
    takes = run_for(running, None, "backup", "create", "--base")
    for number in range(TIMES):
        known = len(vault.catalog().backups)
        how = random.choice(["--base", "--incremental"])
        run_for(running, random.uniform(0.2, 1) * takes, "backup", "create", how)
        write_a_row(running, f"row {number}")
        assert not vault.catalog().damaged
        assert len(vault.catalog().backups) in {known, known + 1}
    assert all(one.is_whole for one in verify(vault))
    newest = create(running, vault)
    proof = drill(running, vault, newest.backup_id, smoke=[])
    assert proof.findings == ()


@pytest.mark.slow
def test_a_restore_killed_at_any_instant_leaves_the_old_or_the_new(running: Settings) -> None:
    vault = vault_of(running)
    write_a_row(running, "backed up")
    backup = create(running, vault)
    takes = run_for(running, None, "backup", "restore", backup.backup_id, "--yes")
    for _ in range(TIMES):
        write_a_row(running, "since")
        run_for(running, random.uniform(0.3, 1.1) * takes, "backup", "restore", backup.backup_id, "--yes")
        server.up(running)
        assert rows(running)[:1] == ["backed up"], "there is always one of the two"
    assert set(rows(running)) <= {"backed up", "since"}
    sweep(running.home)
    assert not list(running.home.glob(f"{PREFIX}*"))
    assert run_for(running, None, "backup", "restore", backup.backup_id, "--yes")
    assert rows(running) == ["backed up"]
