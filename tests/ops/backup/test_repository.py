"""A repository keeps files whole or not at all: a folder, and S3 as moto's server speaks it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ops.backup.places import BUCKET, S3_URL, s3_server
from rollbook.ops.backup import cloud
from rollbook.ops.backup.errors import FileNameInvalid, StoredFileMissing
from rollbook.ops.backup.repository import Repository, Stored, open_repository


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "s3"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    if request.param == "folder":
        return open_repository(str(tmp_path / "backups"))
    request.getfixturevalue("s3")
    kept = boto3.resource("s3").Bucket(BUCKET)
    kept.objects.all().delete()
    return open_repository(S3_URL)


def content(repository: Repository, name: str) -> bytes:
    return b"".join(repository.get(name))


def test_what_was_put_is_got(repository: Repository) -> None:
    assert repository.names() == []
    stored = repository.put("wal/1/b", [b"one ", b"", b"two"])
    assert stored == Stored("wal/1/b", 7, hashlib.sha256(b"one two").hexdigest())
    repository.put("wal/1/a", [])
    repository.put("wal/10/c", [b"x"])
    repository.put("manifests/z.json", [b"{}"])
    assert content(repository, "wal/1/b") == b"one two"
    assert content(repository, "wal/1/a") == b""
    assert repository.names() == ["manifests/z.json", "wal/1/a", "wal/1/b", "wal/10/c"]
    assert repository.names("wal/1") == ["wal/1/a", "wal/1/b"]
    assert [entry.bytes for entry in repository.entries("wal/1")] == [0, 7]
    assert all(
        abs(datetime.now(UTC) - entry.modified_at) < timedelta(minutes=5) for entry in repository.entries()
    )


def test_a_name_is_replaced_and_removed(repository: Repository) -> None:
    repository.put("manifests/a.json", [b"old"])
    repository.put("manifests/a.json", [b"new"])
    assert content(repository, "manifests/a.json") == b"new"
    repository.delete("manifests/a.json")
    repository.delete("manifests/a.json")
    assert not repository.exists("manifests/a.json")
    assert repository.names() == []


def test_what_is_not_there_is_said(repository: Repository) -> None:
    assert not repository.exists("manifests/a.json")
    with pytest.raises(StoredFileMissing, match=r"manifests/a\.json"):
        content(repository, "manifests/a.json")


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", ".part-a", "a//b", "a b", "a\0", "ä"])
def test_a_name_leads_nowhere_else(repository: Repository, name: str) -> None:
    with pytest.raises(FileNameInvalid):
        repository.put(name, [b"x"])


def test_a_source_that_fails_leaves_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and also when parts were sent: those are thrown away, and the error is the source's own."""
    monkeypatch.setattr(cloud, "_WHOLE_BYTES", 1)
    monkeypatch.setattr(cloud, "_PART_BYTES", 5 * 1024 * 1024)

    def failing(length: int) -> Iterator[bytes]:
        for _ in range(length):
            yield b"\1" * 1024 * 1024
        message = "pg_dump was killed"
        raise ChildProcessError(message)

    for length in (0, 1, 12):
        with pytest.raises(ChildProcessError, match="pg_dump was killed"):
            repository.put("files/a/dump", failing(length))
        assert repository.names() == []
        assert not repository.exists("files/a/dump")


def test_a_big_file_goes_in_parts(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_PART_BYTES", 5 * 1024 * 1024)
    chunks = [bytes([number]) * 1024 * 1024 for number in range(17)]
    stored = repository.put("files/a/dump", iter(chunks))
    digest = hashlib.sha256()
    for chunk in repository.get("files/a/dump"):
        digest.update(chunk)
    assert (stored.bytes, stored.sha256) == (17 * 1024 * 1024, digest.hexdigest())


def test_s3_keeps_below_its_path(s3: str) -> None:
    assert s3
    open_repository(S3_URL).put("wal/a", [b"x"])
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert "oak/nightly/wal/a" in keys
