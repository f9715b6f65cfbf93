"""What befalls a repository: harm to its files, the wrong key, a full disk, an hour without it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.backup.places import S3_URL, free_port, s3_environment_of, s3_server
from ops.small_disk import CannotMountError, small_disk
from rollbook.core import keyring
from rollbook.core.settings import Settings
from rollbook.ops.backup import cloud, logical
from rollbook.ops.backup.errors import RepositoryFull, RepositoryUnreachable
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.manifest import Backup, Kind, file_name
from rollbook.ops.backup.repository import Stored, open_repository
from rollbook.ops.backup.retry import Patience
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.backup.verifying import verify

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Vault:
    return Vault(open_repository(str(tmp_path / "backups")), keyring.make_ring(tmp_path / "backup.key"))


def keep(vault: Vault, backup_id: str, parent: str | None = None) -> Backup:
    """Keep a backup of two files."""
    kind: Kind = "incremental" if parent else "base"
    files = tuple(
        vault.keep(file_name(backup_id, name), [name.encode() * 1000, backup_id.encode()])
        for name in ("first.tar", "second.tar")
    )
    made = Backup(backup_id, kind, NOON, NOON, "18.6", files, parent)
    vault.publish(made)
    return made


class Harm:
    """Ways to harm the file a/first.tar, of a backup that b builds on."""

    first = "files/a/first.tar"

    def __init__(self, vault: Vault) -> None:
        self.repository = vault.repository
        self.vault = vault
        self.content = b"".join(vault.repository.get(self.first))

    def corrupted(self) -> None:
        self.repository.put(self.first, [self.content[:-9], b"!", self.content[-8:]])

    def truncated(self) -> None:
        self.repository.put(self.first, [self.content[:-9]])

    def lengthened(self) -> None:
        self.repository.put(self.first, [self.content, b"!"])

    def emptied(self) -> None:
        self.repository.put(self.first, [])

    def missing(self) -> None:
        self.repository.delete(self.first)

    def swapped_with_its_neighbour(self) -> None:
        self.repository.put(self.first, self.repository.get("files/a/second.tar"))

    def swapped_with_that_of_another_backup(self) -> None:
        self.repository.put(self.first, self.repository.get("files/b/first.tar"))

    def written_anew_with_the_key(self) -> None:
        self.vault.keep(self.first, [b"a good stream, but not the backup's"])


HARMS = [name for name in vars(Harm) if not name.startswith("_") and name != "first"]


@pytest.mark.parametrize("harm", HARMS)
def test_harm_is_found_in_the_backup_that_has_it(kept: Vault, harm: str) -> None:
    for backup_id, parent in (("a", None), ("b", "a"), ("c", None)):
        keep(kept, backup_id, parent)
    assert [one.is_whole for one in verify(kept)] == [True, True, True]
    getattr(Harm(kept), harm)()
    assert {one.backup_id: one.is_whole for one in verify(kept)} == {"a": False, "b": True, "c": True}
    assert [one.is_whole for one in verify(kept, "b")] == [False, True], "it builds on what is harmed"
    assert "files/a/first.tar" in verify(kept, "a")[0].faults[0]


def test_a_chain_without_its_beginning_is_found(kept: Vault) -> None:
    keep(kept, "a")
    keep(kept, "b", "a")
    kept.repository.delete("manifests/a.json")
    (found,) = verify(kept)
    assert (found.backup_id, found.is_whole) == ("b", False)
    assert "builds on a, which is not there" in found.faults[0]


def test_under_a_wrong_key_everything_is_named_and_nothing_good(kept: Vault, tmp_path: Path) -> None:
    keep(kept, "a")
    wrong = Vault(kept.repository, keyring.make_ring(tmp_path / "wrong.key"))
    (found,) = verify(wrong)
    assert (found.backup_id, found.is_whole) == ("a", False)
    assert f"the key {kept.ring.primary}, which" in found.faults[0]
    assert [one.is_whole for one in verify(kept)] == [True]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        with small_disk(folder, "300k"):
            yield folder
    except CannotMountError as error:
        pytest.skip(f"this container may not mount a small disk: {error}")


def test_a_full_disk_ends_a_backup_and_harms_no_other(chosen: Settings, disk: Path) -> None:
    there = chosen.model_copy(update={"backup_url": str(disk / "backups")})
    vault = open_vault(there, tell=lambda _: None)
    keep(vault, "a")
    (disk / "filler").write_bytes(b"\0" * 200_000)
    before = sorted(path for path in disk.rglob("*") if path.is_file())
    with pytest.raises(RepositoryFull, match="earlier backups are whole"):
        logical.create(there, vault, "full")
    assert sorted(path for path in disk.rglob("*") if path.is_file()) == before
    assert [one.is_whole for one in verify(vault)] == [True]


class Clock:
    """A clock that runs as fast as somebody sleeps. ``at``: what happens when."""

    def __init__(self, at: dict[float, Callable[[], object]] | None = None) -> None:
        self.time = 0.0
        self.pauses: list[float] = []
        self.at = at or {}

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds
        for moment in [moment for moment in self.at if moment <= self.time]:
            self.at.pop(moment)()


@pytest.fixture
def no_quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_RETRIES", {"max_retries": 0})


def test_a_manifest_whose_arrival_was_not_heard_of_is_no_backup_without_files(tmp_path: Path) -> None:
    class AnswerLost(Folder):
        def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
            stored = super().put(name, chunks)
            if name.startswith("manifests/"):
                raise RepositoryUnreachable(where=self.where, reason="the answer was lost")
            return stored

    vault = Vault(AnswerLost(tmp_path / "backups"), keyring.make_ring(tmp_path / "backup.key"))
    with pytest.raises(RepositoryUnreachable), vault.whole_or_nothing("a"):
        keep(vault, "a")
    assert vault.repository.names() == []


@pytest.mark.usefixtures("no_quick_retries")
def test_an_hour_without_the_repository_loses_nothing(tmp_path: Path) -> None:
    """S3 refuses connections; after an hour it is there, and the work is done, once and whole."""
    port = free_port()
    with contextlib.ExitStack() as later:
        later.enter_context(s3_environment_of(port))
        clock = Clock({3600.0: lambda: later.enter_context(s3_server(port))})
        said: list[str] = []
        vault = Vault(
            open_repository(S3_URL),
            keyring.make_ring(tmp_path / "backup.key"),
            patience=Patience(sleep=clock.sleep, now=clock.now, tell=said.append),
        )
        made = vault.patience.insist(lambda: keep(vault, "a"))
        assert clock.time >= 3600
        assert len(said) == len(clock.pauses)
        assert max(clock.pauses) <= 120
        assert list(vault.catalog()) == [made]
        assert [one.is_whole for one in verify(vault)] == [True]


@pytest.mark.usefixtures("no_quick_retries")
def test_patience_ends_and_tells_no_secret(tmp_path: Path) -> None:
    with s3_environment_of(free_port()):
        clock = Clock()
        vault = Vault(
            open_repository(S3_URL),
            keyring.make_ring(tmp_path / "backup.key"),
            patience=Patience(bound_s=7200, sleep=clock.sleep, now=clock.now),
        )
        with pytest.raises(RepositoryUnreachable) as raised:
            vault.patience.insist(lambda: keep(vault, "a"))
    assert 7000 < clock.time <= 7200
    assert S3_URL in str(raised.value)
    assert "a-secret" not in repr(raised.value) + str(raised.value.__cause__)


def test_only_an_outage_is_waited_for() -> None:
    clock, tries = Clock(), []

    def work() -> None:
        tries.append(1)
        raise RepositoryFull(where="/mnt")

    with pytest.raises(RepositoryFull):
        Patience(sleep=clock.sleep, now=clock.now).insist(work)
    assert (len(tries), clock.pauses) == (1, [])
