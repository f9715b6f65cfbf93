"""Manifests: listed when published, refused when edited, and no damaged one hides another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollbook.core import keyring
from rollbook.core.keyring import Keyring
from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import (
    BackupKeyMissing,
    BackupNotFound,
    BackupThere,
    ChainBroken,
    ManifestDamaged,
)
from rollbook.ops.backup.keys import ensure_key, key_path, key_ring, rotate_key
from rollbook.ops.backup.manifest import (
    Backup,
    Kind,
    TableSum,
    catalog,
    manifest_name,
    new_id,
    publish,
)
from rollbook.ops.backup.repository import Repository, Stored, open_repository

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return keyring.make_ring(tmp_path / "backup.key")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "backups"))


def backup(hour: int, kind: Kind = "base", parent: str | None = None) -> Backup:
    at = NOON + timedelta(hours=hour)
    return Backup(
        backup_id=f"b{hour}",
        kind=kind,
        began_at=at,
        ended_at=at + timedelta(minutes=3),
        server_version="18.6",
        files=(Stored(f"files/b{hour}/base", 10, "00" * 32),),
        parent=parent,
        timeline=1,
        start_lsn="0/3000028",
        tables={"public.students": TableSum(4, "ab")},
        facts={"seconds": 1.5},
    )


def test_what_was_published_is_listed_in_order(repository: Repository, ring: Keyring) -> None:
    made = [backup(0), backup(1, "incremental", "b0"), backup(2, "full")]
    for one in reversed(made):
        publish(repository, one, ring)
    assert list(catalog(repository, ring)) == made
    assert catalog(repository, ring).find("latest") == made[2]
    with pytest.raises(BackupThere):
        publish(repository, made[0], ring)


def test_copies_of_a_server_are_in_the_order_of_its_log(repository: Repository, ring: Keyring) -> None:
    """A clock that was ahead for an hour does not make an old copy the newest."""
    for hour, lsn, timeline in ((9, "0/3000028", 1), (1, "0/5000028", 1), (2, "0/4000028", 2)):
        publish(
            repository,
            replace(backup(hour), system_identifier="7", end_lsn=lsn, timeline=timeline),
            ring,
        )
    publish(repository, backup(8, "full"), ring)
    assert [one.backup_id for one in catalog(repository, ring)] == ["b9", "b1", "b8", "b2"]


def test_the_latest_is_one_that_holds_rows(repository: Repository, ring: Keyring) -> None:
    publish(repository, backup(0, "schema"), ring)
    with pytest.raises(BackupNotFound):
        catalog(repository, ring).find("latest")
    publish(repository, backup(1, "full"), ring)
    publish(repository, backup(2, "schema"), ring)
    assert catalog(repository, ring).find("latest").backup_id == "b1"


def test_chains_are_known(repository: Repository, ring: Keyring) -> None:
    for one in (backup(0), backup(1, "incremental", "b0"), backup(2, "incremental", "b1")):
        publish(repository, one, ring)
    known = catalog(repository, ring)
    assert [one.backup_id for one in known.chain("b2")] == ["b0", "b1", "b2"]
    with pytest.raises(BackupNotFound):
        known.chain("b9")
    repository.delete(manifest_name("b0"))
    with pytest.raises(ChainBroken, match="builds on b0"):
        catalog(repository, ring).chain("b2")


def test_a_chain_in_a_circle_ends(repository: Repository, ring: Keyring) -> None:
    publish(repository, backup(0, "incremental", "b1"), ring)
    publish(repository, backup(1, "incremental", "b0"), ring)
    with pytest.raises(ChainBroken):
        catalog(repository, ring).chain("b1")


def _flip(repository: Repository) -> None:
    content = bytearray(b"".join(repository.get(manifest_name("b1"))))
    content[-1] ^= 1
    repository.put(manifest_name("b1"), [bytes(content)])


def _swap(repository: Repository) -> None:
    repository.put(manifest_name("b1"), list(repository.get(manifest_name("b0"))))


def _forge(repository: Repository) -> None:
    repository.put(manifest_name("b1"), [b'{"backup_id": "b1"}'])


@pytest.mark.parametrize("harm", [_flip, _swap, _forge])
def test_a_damaged_manifest_is_named_and_hides_no_other(
    repository: Repository, ring: Keyring, harm: Callable[[Repository], None]
) -> None:
    publish(repository, backup(0), ring)
    publish(repository, backup(1, "full"), ring)
    harm(repository)
    known = catalog(repository, ring)
    assert [one.backup_id for one in known] == ["b0"]
    assert [one.backup_id for one in known.damaged] == ["b1"]
    with pytest.raises(ManifestDamaged, match="b1"):
        known.find("b1")


def test_a_manifest_of_a_release_to_come_is_damaged_here(repository: Repository, ring: Keyring) -> None:
    publish(repository, replace(backup(0), backup_id="b1"), ring)
    sealed = list(repository.get(manifest_name("b1")))
    repository.put("manifests/b2.json", sealed)
    assert [one.backup_id for one in catalog(repository, ring).damaged] == ["b2"]


def test_ids_sort_by_time() -> None:
    ids = [new_id(NOON + timedelta(seconds=second)) for second in range(20)]
    assert ids == sorted(ids)
    assert len({new_id(NOON) for _ in range(50)}) == 50


def test_the_first_backup_makes_the_key_and_says_so_once(repository: Repository, tmp_path: Path) -> None:
    said: list[str] = []
    chosen = Settings(home=tmp_path / "home", backup_key_file=None)
    ring = ensure_key(repository, said.append, chosen)
    assert key_path(chosen).stat().st_mode & 0o777 == 0o600
    assert ensure_key(repository, said.append, chosen) == ring
    assert len(said) == 1
    assert "without it every backup is lost" in said[0]
    publish(repository, backup(0), ring)
    publish(repository, backup(1), rotate_key(chosen))
    assert [one.backup_id for one in catalog(repository, key_ring(repository, chosen))] == ["b0", "b1"]


def test_a_lost_key_is_not_replaced_in_silence(repository: Repository, ring: Keyring, tmp_path: Path) -> None:
    publish(repository, backup(0), ring)
    chosen = Settings(home=tmp_path / "home", backup_key_file=None)
    with pytest.raises(BackupKeyMissing, match="there are backups in"):
        ensure_key(repository, pytest.fail, chosen)
    assert not key_path(chosen).exists()
