"""The oldest PostgreSQL that Rollbook takes, run by somebody else: backed up whole, and proven."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ops.real_server import admin, settings_of, stop_servers_below
from ops.recovery.chains import create, vault_of, write
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.recovery.drill import drill
from rollbook.ops.recovery.errors import CopyForbidden, IncrementalImpossible, RestoreElsewhere
from rollbook.ops.recovery.restoring import restore_home

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def old() -> Iterator[Settings]:
    if not (PROGRAMS / "pg_basebackup").is_file():
        pytest.skip("no PostgreSQL 15 here")
    folder = Path(tempfile.mkdtemp(prefix="rb-old-"))
    folder.chmod(0o755)
    settings = settings_of(folder / "old", database_bin=PROGRAMS)
    server.up(settings, durable=False)
    yield settings
    stop_servers_below(folder)
    shutil.rmtree(folder)


def as_of_somebody(old: Settings, home: Path, role: str, password: str) -> Settings:
    home.mkdir(mode=0o755)
    url = f"postgresql://{role}:{password}@127.0.0.1:{server.status(old).port}/rollbook"
    return settings_of(home, database_url=SecretStr(url))


def test_a_server_of_15_is_backed_up_whole_and_proven(old: Settings, open_folder: Path) -> None:
    password = home_of(old).passwords("embedded")["postgres"]
    theirs = as_of_somebody(old, open_folder / "ours", "postgres", password)
    vault = vault_of(theirs)
    write(old, "kept")
    first = create(theirs, vault)
    assert (first.kind, first.facts["not_compared"]) == ("base", None)
    with pytest.raises(IncrementalImpossible, match="PostgreSQL 15 keeps no account"):
        create(theirs, vault, "incremental")
    proof = drill(theirs, vault, smoke=[])
    assert (proof.is_proven, proof.findings, proof.tables) == (True, (), 1)
    with pytest.raises(RestoreElsewhere):
        restore_home(theirs, vault)


def test_a_role_that_may_not_copy_files_is_told_so(old: Settings, open_folder: Path) -> None:
    with connect_as_superuser(old) as db:
        db.execute("CREATE ROLE looker LOGIN BYPASSRLS PASSWORD 'secret'")
        db.execute("GRANT CONNECT ON DATABASE rollbook TO looker")
    theirs = as_of_somebody(old, open_folder / "ours", "looker", "secret")
    with pytest.raises(CopyForbidden, match="ALTER ROLE looker REPLICATION"):
        create(theirs, vault_of(theirs))
    with admin(old) as db:
        db.execute("ALTER ROLE looker REPLICATION")
    made = create(theirs, vault_of(theirs))
    assert "may not mark the server's log and read it" in str(made.facts["not_compared"])
