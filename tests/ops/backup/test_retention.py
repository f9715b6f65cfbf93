"""Retention: what may go is exactly what no rule keeps, and no chain is ever broken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.core import keyring
from rollbook.ops.backup.errors import ChainBroken
from rollbook.ops.backup.manifest import Backup, Catalog, Kind, file_name, manifest_name
from rollbook.ops.backup.repository import Entry, open_repository
from rollbook.ops.backup.retention import Retention, expendable, prune
from rollbook.ops.backup.vault import Vault

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS: tuple[Kind, ...] = ("base", "incremental", "full", "schema", "data")


def backup(number: int, kind: Kind, hours_ago: int, parent: str | None = None) -> Backup:
    at = NOW - timedelta(hours=hours_ago)
    return Backup(f"b{number:03}", kind, at, at + timedelta(minutes=5), "18.6", (), parent)


@st.composite
def histories(draw: st.DrawFn) -> Catalog:
    """Backups of all kinds over 60 days; an incremental builds on one before it, or on one that is lost."""
    hours = sorted(draw(st.lists(st.integers(0, 1440), max_size=25)), reverse=True)
    made: list[Backup] = []
    for number, ago in enumerate(hours):
        kind = draw(st.sampled_from(KINDS))
        parents = [one.backup_id for one in made if one.is_physical] + ["lost"]
        made.append(
            backup(number, kind, ago, draw(st.sampled_from(parents)) if kind == "incremental" else None)
        )
    return Catalog(tuple(sorted(made, key=lambda one: (one.began_at, one.backup_id))))


def roots(known: Catalog) -> dict[str, str | None]:
    """Say by hand which backup each one rests on; None where that is lost."""
    by_id = {one.backup_id: one for one in known}
    found: dict[str, str | None] = {}
    for one in known:
        at: str | None = one.backup_id
        while at in by_id and by_id[at].parent is not None:
            at = by_id[at].parent
        found[one.backup_id] = at if at in by_id else None
    return found


def kept_by_hand(known: Catalog, rule: Retention) -> set[str]:
    """The oracle: grow the set until no rule adds to it."""
    root, by_id = roots(known), {one.backup_id: one for one in known}
    kept = {one.backup_id for one in known if root[one.backup_id] is None}
    kept |= {one.backup_id for one in known if one.ended_at >= NOW - timedelta(days=rule.days)}
    for kind in KINDS:
        newest: list[str] = []
        for one in reversed(list(known)):
            at = root[one.backup_id]
            if at is not None and by_id[at].kind == kind and at not in newest:
                newest.append(at)
        kept |= {one.backup_id for one in known if root[one.backup_id] in newest[: rule.count]}
    while missing := {by_id[one].parent for one in kept} & by_id.keys() - kept:
        kept |= {one for one in missing if one}
    return kept


@given(known=histories(), count=st.integers(1, 5), days=st.integers(0, 40))
def test_what_goes_is_what_no_rule_keeps(known: Catalog, count: int, days: int) -> None:
    rule = Retention(count, days)
    going = {one.backup_id for one in expendable(known, rule, NOW)}
    assert going == {one.backup_id for one in known} - kept_by_hand(known, rule)


@given(known=histories(), count=st.integers(1, 5), days=st.integers(0, 40))
def test_no_chain_is_broken_at_any_moment(known: Catalog, count: int, days: int) -> None:
    """Backups go one by one, and whoever is killed between two leaves chains that hold."""
    could = {one.backup_id for one in known if _holds(known, one.backup_id)}
    left = list(known)
    for gone in expendable(known, Retention(count, days), NOW):
        left.remove(gone)
        now = Catalog(tuple(left))
        assert [one for one in left if one.backup_id in could and not _holds(now, one.backup_id)] == []


def _holds(known: Catalog, backup_id: str) -> bool:
    try:
        known.chain(backup_id)
    except ChainBroken:
        return False
    return True


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(open_repository(str(tmp_path / "backups")), keyring.make_ring(tmp_path / "backup.key"))


def keep(vault: Vault, number: int, kind: Kind, days_ago: int) -> Backup:
    plain = backup(number, kind, 24 * days_ago)
    stored = vault.keep(file_name(plain.backup_id, "dump"), [b"x"])
    made = Backup(plain.backup_id, kind, plain.began_at, plain.ended_at, "18.6", (stored,))
    vault.publish(made)
    return made


def test_pruning_removes_files_too_and_a_dry_run_nothing(vault: Vault) -> None:
    keep(vault, 1, "full", 50)
    keep(vault, 2, "full", 1)
    before = vault.repository.names()
    would = prune(vault, Retention(1, 30), NOW, dry_run=True)
    assert vault.repository.names() == before
    assert prune(vault, Retention(1, 30), NOW) == would
    assert vault.repository.names() == ["files/b002/dump", "manifests/b002.json"]


def test_what_a_killed_writer_left_goes_once_it_is_old(vault: Vault) -> None:
    keep(vault, 1, "full", 0)
    vault.keep(file_name("b002", "dump"), [b"half a backup"])
    now = datetime.now(UTC)
    assert prune(vault, Retention(1, 1), now + timedelta(hours=47)).abandoned_files == 0
    assert prune(vault, Retention(1, 1), now + timedelta(hours=49)).abandoned_files == 1
    assert vault.repository.names() == ["files/b001/dump", "manifests/b001.json"]


def test_where_all_manifests_are_lost_nothing_counts_as_abandoned(vault: Vault) -> None:
    keep(vault, 1, "full", 0)
    vault.repository.delete(manifest_name("b001"))
    assert prune(vault, Retention(1, 1), datetime.now(UTC) + timedelta(days=9)).abandoned_files == 0
    assert vault.repository.names() == ["files/b001/dump"]


def test_the_log_stays_while_a_manifest_cannot_be_read(vault: Vault) -> None:
    """Its key may come back, and then it needs the log."""
    keep(vault, 1, "full", 0)
    vault.keep("wal/7/000000010000000000000001", [b"log"])

    def all_of_it(there: Vault, _: object) -> list[Entry]:
        return list(there.repository.entries("wal"))

    vault.repository.put(manifest_name("b000"), [b"rubbish"])
    assert prune(vault, Retention(1, 1), NOW, wal=all_of_it).wal_files == 0
    vault.repository.delete(manifest_name("b000"))
    assert prune(vault, Retention(1, 1), NOW, wal=all_of_it).wal_files == 1
    assert vault.repository.names("wal") == []


def test_files_of_a_damaged_manifest_are_left_to_a_person(vault: Vault) -> None:
    keep(vault, 1, "full", 50)
    keep(vault, 2, "full", 0)
    vault.repository.put(manifest_name("b001"), [b"rubbish"])
    gone = prune(vault, Retention(1, 1), datetime.now(UTC) + timedelta(days=9))
    assert (gone.backups, gone.abandoned_files) == ((), 0)
    assert vault.repository.exists("files/b001/dump")
