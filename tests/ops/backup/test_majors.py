"""Moving to a later major version by a logical backup; programs that are too old are refused."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ops.kept_secrets import Secrets, enrol, opened
from ops.real_server import settings_of, stop_servers_below
from rollbook.core.settings import Settings
from rollbook.ops import binaries, client_tools, migrate, server
from rollbook.ops.backup import logical, restoring
from rollbook.ops.backup.errors import RestoreIntoOlder
from rollbook.ops.backup.source import source
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.client_tools import ClientToolsMissing, find_client_tools

SYSTEM = binaries.system()
EMBEDDED = binaries.embedded()
needs_an_older_one = pytest.mark.skipif(
    SYSTEM is None or EMBEDDED is None or SYSTEM.major >= EMBEDDED.major,
    reason="no PostgreSQL is installed that is older than the embedded one",
)


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Settings]:
    """A server of the system's PostgreSQL, migrated."""
    folder = Path(tempfile.mkdtemp(prefix="rb-test-"))
    folder.chmod(0o755)
    assert SYSTEM is not None
    chosen = settings_of(
        folder / "home",
        database_bin=SYSTEM.directory,
        backup_url=str(tmp_path / "backups"),
        backup_key_file=tmp_path / "backup.key",
    )
    migrate.upgrade(server.up(chosen, durable=False).owner_url)
    yield chosen
    stop_servers_below(folder)
    shutil.rmtree(folder)


@needs_an_older_one
@pytest.mark.usefixtures("ring")
def test_what_an_older_major_held_a_newer_one_has(older: Settings, chosen: Settings, vault: Vault) -> None:
    app = create_engine(server.status(older).url)
    told: Secrets = dict(enrol(app, "oak"))
    app.dispose()
    backup = logical.create(older, open_vault(older, tell=lambda _: None), "full")
    assert int(backup.server_version.split(".")[0]) == backup.facts["tools_major"] < source(chosen).major

    done = restoring.restore(chosen, vault, backup)

    assert done.rows == sum(table.rows for table in backup.tables.values())
    assert chosen.database_url is not None
    moved = create_engine(chosen.database_url.get_secret_value())
    assert opened(moved, told) == told
    moved.dispose()
    newer = logical.create(chosen, vault, "schema")
    with pytest.raises(RestoreIntoOlder, match="the same major version or a later one"):
        restoring.restore(older, vault, newer)


@needs_an_older_one
def test_programs_that_are_too_old_are_refused(
    chosen: Settings, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_tools, "_folders", lambda _: binaries.program_folders("pg_dump"))
    with pytest.raises(ClientToolsMissing, match="pg_dump of PostgreSQL 18 or later"):
        logical.create(chosen, vault, "full")
    assert vault.repository.names() == []


def test_over_tls_programs_without_it_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EMBEDDED is not None
    assert not client_tools.ClientTools(EMBEDDED.directory, EMBEDDED.major).speaks_tls
    monkeypatch.setattr(client_tools, "_folders", lambda _: iter([EMBEDDED.directory]))
    with pytest.raises(ClientToolsMissing, match="built with TLS"):
        find_client_tools(["pg_dump"], major=EMBEDDED.major, needs_tls=True)
