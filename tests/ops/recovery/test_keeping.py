"""The log is never written over, whoever writes there; what an earlier life of a server needs stays."""

from pathlib import Path

import pytest

from rollbook.core import keyring
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import LogDiffers
from rollbook.ops.recovery.wal_keeping import keep_log

NAME = "000000010000000000000003"
STORED = f"wal/7/{NAME}"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(Folder(tmp_path / "backups"), keyring.make_ring(tmp_path / "backup.key"))
    keep_log(made, 7, NAME, lambda: [b"the ", b"log"])
    return made


def test_the_same_file_is_kept_once(vault: Vault) -> None:
    before = list(vault.repository.entries())
    keep_log(vault, 7, NAME, lambda: [b"the log"])
    assert list(vault.repository.entries()) == before


def test_another_file_of_that_name_is_refused(vault: Vault) -> None:
    with pytest.raises(LogDiffers, match="name another ROLLBOOK_BACKUP_URL"):
        keep_log(vault, 7, NAME, lambda: [b"of a copy of that server"])
    assert b"".join(vault.open(STORED)) == b"the log"


def test_one_that_is_damaged_is_replaced(vault: Vault) -> None:
    vault.repository.put(STORED, [b"rubbish"])
    keep_log(vault, 7, NAME, lambda: [b"the log"])
    assert b"".join(vault.open(STORED)) == b"the log"
