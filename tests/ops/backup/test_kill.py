"""`rollbook backup create` and `restore`, killed wherever they are: nothing half is ever taken for whole."""

import os
import random
import subprocess
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ops.kept_secrets import Secrets, opened
from ops.real_server import rollbook_command
from rollbook.core.settings import Settings
from rollbook.ops.backup import logical, restoring
from rollbook.ops.backup.beside import PREFIX
from rollbook.ops.backup.source import source
from rollbook.ops.backup.vault import Vault
from rollbook.ops.backup.verifying import verify

TIMES = 20


def killed(chosen: Settings, *words: str) -> Iterator[bool]:
    """Run a command of backups to its end, then kill it at random moments; yield whether it was at work."""
    environment = dict(os.environ)
    for name in ("database_url", "owner_url", "backup_database_url"):
        environment[f"ROLLBOOK_{name.upper()}"] = getattr(chosen, name).get_secret_value()
    for name in ("home", "backup_url", "backup_key_file"):
        environment[f"ROLLBOOK_{name.upper()}"] = str(getattr(chosen, name))
    command, began = rollbook_command("backup", *words), time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    whole_s, chance = time.monotonic() - began, random.Random(5)
    for _ in range(TIMES):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.3, 1.1) * whole_s)
        process.kill()
        yield process.wait() < 0


@pytest.mark.slow
def test_a_killed_backup_is_never_listed_unless_it_is_whole(chosen: Settings, vault: Vault) -> None:
    were_killed = 0
    for was_killed in killed(chosen, "create", "--full"):
        were_killed += was_killed
        assert [one.faults for one in verify(vault) if not one.is_whole] == []
    assert were_killed > TIMES / 4, "some were at work still"
    assert len(list(vault.catalog())) > TIMES - were_killed, "and those that ended are there"
    made = logical.create(chosen, vault, "full")
    assert verify(vault, made.backup_id)[0].is_whole


@pytest.mark.slow
def test_a_killed_restore_leaves_a_database_that_is_whole(
    chosen: Settings, vault: Vault, app: Engine, told: Secrets
) -> None:
    """Either the one of before or the restored one; the next restore removes what was left beside."""
    made = logical.create(chosen, vault, "full")
    were_killed = 0
    for was_killed in killed(chosen, "restore", made.backup_id, "--yes"):
        were_killed += was_killed
        app.dispose()
        assert opened(app, told) == told
    assert were_killed > TIMES / 4, "some were at work still"
    restoring.restore(chosen, vault, made)
    with source(chosen).connect() as db:
        left = db.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        assert left.fetchall() == []
