"""`rollbook backup create`, killed wherever it is: what is listed can be trusted, and the next one works."""

import os
import random
import subprocess
import time

import pytest

from ops.real_server import rollbook_command
from rollbook.core.settings import Settings
from rollbook.ops.backup import logical
from rollbook.ops.backup.vault import Vault
from rollbook.ops.backup.verifying import verify

TIMES = 20


@pytest.mark.slow
def test_a_killed_backup_is_never_listed_unless_it_is_whole(chosen: Settings, vault: Vault) -> None:
    environment = dict(os.environ)
    for name in ("database_url", "owner_url", "backup_database_url"):
        environment[f"ROLLBOOK_{name.upper()}"] = getattr(chosen, name).get_secret_value()
    for name in ("home", "backup_url", "backup_key_file"):
        environment[f"ROLLBOOK_{name.upper()}"] = str(getattr(chosen, name))
    began = time.monotonic()
    subprocess.run(
        rollbook_command("backup", "create", "--full"), env=environment, check=True, capture_output=True
    )
    whole_s, chance = time.monotonic() - began, random.Random(5)
    killed = 0
    for _ in range(TIMES):
        process = subprocess.Popen(
            rollbook_command("backup", "create", "--full"), env=environment, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.3, 1.1) * whole_s)
        process.kill()
        killed += process.wait() < 0
        assert [one.faults for one in verify(vault) if not one.is_whole] == []
    assert killed > TIMES / 4, "some were at work still"
    assert len(list(vault.catalog())) > TIMES - killed, "and those that ended are there"
    made = logical.create(chosen, vault, "full")
    assert verify(vault, made.backup_id)[0].is_whole
