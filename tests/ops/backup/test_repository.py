"""A repository keeps files whole or not at all: a folder, and S3 as moto's server speaks it."""

import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ops.backup.places import BUCKET, S3_URL, s3_server
from rollbook.ops.backup import cloud
from rollbook.ops.backup.cloud import Cloud
from rollbook.ops.backup.errors import (
    CloudLibraryMissing,
    FileNameInvalid,
    RepositoryRefused,
    RepositoryUrlInvalid,
    StoredFileMissing,
)
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
    if isinstance(repository, Cloud):
        assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_a_big_file_goes_in_parts(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_PART_BYTES", 5 * 1024 * 1024)
    chunks = [bytes([number]) * 1024 * 1024 for number in range(17)]
    stored = repository.put("files/a/dump", iter(chunks))
    digest = hashlib.sha256()
    for chunk in repository.get("files/a/dump"):
        digest.update(chunk)
    assert (stored.bytes, stored.sha256) == (17 * 1024 * 1024, digest.hexdigest())


def test_a_large_file_is_asked_for_piece_by_piece(
    s3: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A request is bounded in time, with its answer: a base backup takes longer than any bound."""
    assert s3
    monkeypatch.setattr(cloud, "_GET_BYTES", 1024 * 1024)
    repository = open_repository(S3_URL)
    large = bytes(range(256)) * 4096 * 3 + b"and a rest"
    repository.put("files/a/dump", [large])
    caplog.set_level("INFO", "werkzeug")
    assert b"".join(repository.get("files/a/dump")) == large
    asked = [line for line in caplog.messages if "GET /backups/oak/nightly/files/a/dump" in line]
    assert [line.split()[-2] for line in asked] == ["206"] * 4


def test_what_is_not_ours_is_not_listed(repository: Repository, tmp_path: Path) -> None:
    repository.put("files/a/dump", [b"x"])
    if isinstance(repository, Cloud):
        boto3.client("s3").put_object(Bucket=BUCKET, Key="oak/nightly/files/a/copy of dump", Body=b"x")
    else:
        for name in ("files/a/copy of dump", "files/.hidden", "lost+found/x"):
            (tmp_path / "backups" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "backups" / name).write_bytes(b"x")
    assert repository.names() == ["files/a/dump"]


def test_s3_keeps_below_its_path(s3: str) -> None:
    assert s3
    open_repository(S3_URL).put("wal/a", [b"x"])
    keys = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert "oak/nightly/wal/a" in keys


def test_credentials_may_stand_in_files(tmp_path: Path) -> None:
    for name in ("id", "secret"):
        (tmp_path / name).write_text(f"the-{name}\n")
    environment = {
        "AWS_ACCESS_KEY_ID_FILE": str(tmp_path / "id"),
        "AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "secret"),
        "AZURE_STORAGE_ACCOUNT_KEY_FILE": str(tmp_path / "secret"),
    }
    assert cloud._from_files("s3", environment) == {
        "access_key_id": "the-id",
        "secret_access_key": "the-secret",
    }
    assert cloud._from_files("az", environment) == {"account_key": "the-secret"}


def test_the_library_takes_the_settings_of_other_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than that: there is no account to try them with."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "oak")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
    assert open_repository("az://backups/nightly").where == "az://backups/nightly"
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    assert open_repository("gs://backups/nightly").where == "gs://backups/nightly"


def test_without_the_extra_a_folder_is_all_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "rollbook.ops.backup.cloud", None)
    open_repository(str(tmp_path)).put("a", [b"x"])
    with pytest.raises(CloudLibraryMissing, match=r"install rollbook\[cloud\]"):
        open_repository(S3_URL)


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@bucket/path",
        "s3://bucket/path?sig=secret",
        "s3:///path",
        "ftp://host/path",
        "//host/x",
    ],
)
def test_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(RepositoryUrlInvalid) as raised:
        open_repository(url)
    assert "secret" not in str(raised.value)


def test_a_folder_that_is_closed_to_us_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RepositoryRefused, match="Not a directory"):
        open_repository(str(tmp_path / "file" / "backups")).put("a", [b"x"])
    with pytest.raises(RepositoryRefused, match="Not a directory"):
        open_repository(str(tmp_path / "file")).names()


def test_files_of_a_folder_are_closed_to_others(tmp_path: Path) -> None:
    open_repository(f"file://{tmp_path}/backups").put("wal/1/a", [b"x"])
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "backups").rglob("*")}
    assert modes == {0o700, 0o600}
