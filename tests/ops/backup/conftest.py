"""A database with encrypted secrets in it, and a vault to back it up into."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from ops.real_server import settings_of
from rollbook.core.settings import Settings
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.testing.databases import Database, TestServer


@pytest.fixture
def chosen(rollbook_server: TestServer, fresh_database: Database, tmp_path: Path) -> Iterator[Settings]:
    """Settings as for somebody else's server: the app's role, the owner's, and one that sees all rows."""
    password = home_of(rollbook_server.settings).passwords("embedded")["postgres"]
    superuser = make_url(fresh_database.owner_url).set(username="postgres", password=password)
    yield settings_of(
        tmp_path / "home",
        database_url=SecretStr(fresh_database.url),
        owner_url=SecretStr(fresh_database.owner_url),
        backup_database_url=SecretStr(superuser.render_as_string(hide_password=False)),
        backup_url=str(tmp_path / "backups"),
        backup_key_file=tmp_path / "backup.key",
    )
    with connect_as_superuser(rollbook_server.settings) as db:
        for (name,) in db.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^rollbook_(before|restore)_'"
        ).fetchall():
            db.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))


@pytest.fixture
def vault(chosen: Settings) -> Vault:
    return open_vault(chosen, tell=lambda _: None)
