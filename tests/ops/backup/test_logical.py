"""Backups by pg_dump: restored, the same rows, rights and walls are there, and the encrypted opens."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from ops.backup.places import free_port
from ops.kept_secrets import Secrets, opened
from rollbook.core.checks import Checked, State, fine
from rollbook.core.settings import Settings
from rollbook.ops import doctor, migrate
from rollbook.ops.backup import logical, restoring
from rollbook.ops.backup.errors import RestoreDiffers, StreamDamaged
from rollbook.ops.backup.source import source
from rollbook.ops.backup.vault import Vault
from rollbook.testing.databases import TestServer


def databases_on(server: Settings) -> set[str]:
    with source(server).connect() as db:
        return {str(name) for (name,) in db.execute("SELECT datname FROM pg_database")}


def owner_url(chosen: Settings) -> str:
    assert chosen.owner_url is not None
    return chosen.owner_url.get_secret_value()


def lose_everything(chosen: Settings) -> None:
    with source(chosen).connect() as db:
        db.execute("DROP SCHEMA public CASCADE")
        db.execute("CREATE SCHEMA public")
        db.execute("CREATE TABLE public.wrong (x int)")


def behind_a_pooler(chosen: Settings) -> Settings:
    """The application's URL names something that knows of no database but one: here, nothing listens."""
    assert chosen.database_url is not None
    url = make_url(chosen.database_url.get_secret_value()).set(port=free_port())
    return chosen.model_copy(update={"database_url": SecretStr(url.render_as_string(hide_password=False))})


@pytest.mark.parametrize("kind", ["full", "data"])
def test_what_was_lost_is_had_again(
    chosen: Settings, vault: Vault, app: Engine, told: Secrets, kind: logical.LogicalKind
) -> None:
    backup = logical.create(chosen, vault, kind)
    assert backup.tables["public.users"].rows == len(told)
    app.dispose()
    lose_everything(chosen)
    seen: list[str] = []

    def smoke(*urls: str) -> list[Checked]:
        seen.extend(urls)
        return [fine("smoke", "It works.")]

    found = vault.catalog().find(backup.backup_id)
    done = restoring.restore(behind_a_pooler(chosen), vault, found, [smoke])

    assert done.rows == sum(table.rows for table in backup.tables.values())
    assert done.previous in databases_on(chosen)
    assert opened(app, told) == told, "row-level security and the key ring work as before"
    assert migrate.pending(owner_url(chosen)) == []
    engine = create_engine(owner_url(chosen))
    with Session(engine) as db:
        wrong = [one for one in doctor.look_over(db, is_ours=True) if one.state is State.WRONG]
    engine.dispose()
    assert wrong == []
    assert [url for url in seen if "rollbook_restore_" not in url] == [], "it is looked over before the swap"
    assert len({make_url(url).port for url in seen}) == 1, "where backups reach the server"
    with app.connect() as connection, pytest.raises(ProgrammingError, match="must be owner"):
        connection.execute(text("DROP TABLE users"))


def test_a_schema_comes_without_rows_and_knows_its_revision(
    chosen: Settings, vault: Vault, told: Secrets
) -> None:
    assert told
    backup = logical.create(chosen, vault, "schema")
    done = restoring.restore(chosen, vault, backup)
    assert (done.rows, backup.tables) == (0, {})
    assert migrate.pending(owner_url(chosen)) == []
    with source(chosen).connect() as db:
        assert db.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_an_empty_database_is_replaced_without_a_trace(
    rollbook_server: TestServer, chosen: Settings, vault: Vault
) -> None:
    backup = logical.create(chosen, vault, "full")
    with source(chosen).connect() as db:
        db.execute("DROP OWNED BY rollbook_owner CASCADE")  # the schema public too
        db.execute("CREATE SCHEMA public")
    before = databases_on(rollbook_server.settings)
    assert not restoring.replaces(chosen)
    done = restoring.restore(chosen, vault, backup)
    assert done.previous is None
    assert databases_on(rollbook_server.settings) == before
    assert restoring.replaces(chosen)


def test_what_does_not_fit_leaves_the_database_as_it_is(
    rollbook_server: TestServer, chosen: Settings, vault: Vault, app: Engine, told: Secrets
) -> None:
    backup = logical.create(chosen, vault, "full")
    before = databases_on(rollbook_server.settings)
    stream = b"".join(vault.repository.get(backup.files[0].name))
    at = len(stream) // 2
    vault.repository.put(backup.files[0].name, [stream[:at], bytes([stream[at] ^ 1]), stream[at + 1 :]])
    with pytest.raises(StreamDamaged):
        restoring.restore(chosen, vault, backup)
    vault.repository.put(backup.files[0].name, [stream, b"and more"])
    with pytest.raises(StreamDamaged):
        restoring.restore(chosen, vault, backup)
    vault.repository.put(backup.files[0].name, [stream])
    with pytest.raises(RestoreDiffers, match="No key opens it"):
        restoring.restore(
            chosen, vault, backup, [lambda *_: [Checked("key", State.WRONG, "No key opens it.")]]
        )
    assert databases_on(rollbook_server.settings) == before
    assert opened(app, told) == told


def test_nothing_of_a_dump_is_plain(chosen: Settings, vault: Vault, tmp_path: Path, told: Secrets) -> None:
    assert told
    logical.create(chosen, vault, "full")
    words = b"oak.example"
    kept = [path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert not [one for one in kept if words in one or b"PGDMP" in one]
