"""What keeps a copy of the server's files from being made: said before, and nothing is left of it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from ops.real_server import admin, settings_of
from ops.recovery.chains import Chain, create
from rollbook.ops.backup.errors import BackupVanished, RepositoryFull
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.manifest import manifest_name
from rollbook.ops.backup.repository import Stored
from rollbook.ops.recovery.errors import CopyOfReplica, TablespacesThere
from rollbook.ops.recovery.recovering import unpacked
from rollbook.ops.recovery.targets import parse_target, plan


class FullAtLast(Folder):
    """Has room for the server's files, and for nothing more."""

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        if name.startswith(("wal/", "manifests/")):
            raise RepositoryFull(where=self.where)
        return super().put(name, chunks)


def test_what_was_begun_is_removed_when_the_repository_is_full(chain: Chain, tmp_path: Path) -> None:
    vault = replace(chain.vault, repository=FullAtLast(tmp_path / "backups"))
    with pytest.raises(RepositoryFull, match="What was begun is removed"):
        create(chain.settings, vault, "base")
    assert vault.repository.names() == []


def test_a_chain_that_went_meanwhile_is_not_built_on(chain: Chain, tmp_path: Path) -> None:
    """Somebody pruned on another machine: what was made is thrown away, and the whole is copied."""

    class Pruned(Folder):
        def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
            stored = super().put(name, chunks)
            if name.startswith("manifests/") and len(made) == 1:
                self.delete(manifest_name(made.pop()))
            return stored

    vault = replace(chain.vault, repository=Pruned(tmp_path / "backups"))
    made: list[str] = []
    first = create(chain.settings, vault, "base")
    made.append(first.backup_id)
    with pytest.raises(BackupVanished, match=first.backup_id):
        create(chain.settings, vault, "incremental")
    assert vault.repository.names("manifests") == []


def test_tablespaces_are_refused_with_their_names(chain: Chain) -> None:
    with admin(chain.settings) as db:
        db.execute("SET allow_in_place_tablespaces = on")
        db.execute("CREATE TABLESPACE attic LOCATION ''")
        try:
            with pytest.raises(TablespacesThere, match="attic"):
                create(chain.settings, chain.vault)
        finally:
            db.execute("DROP TABLESPACE attic")


def test_a_replica_is_refused_since_it_names_no_moment(elsewhere: Chain) -> None:
    wanted = plan(elsewhere.vault, elsewhere.backups[0].backup_id, parse_target(None))
    with unpacked(elsewhere.vault, wanted, elsewhere.settings, elsewhere.settings.home) as recovery:
        recovery.run_to_mark()
        scratch = recovery.scratch
        url = f"postgresql://{scratch.superuser}@/rollbook?host={scratch.sockets}&port=5432"
        theirs = settings_of(elsewhere.settings.home, database_url=SecretStr(url))
        with pytest.raises(CopyOfReplica, match="Name its primary"):
            create(theirs, elsewhere.vault)
