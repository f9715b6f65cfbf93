"""A tar stream is looked into as it passes, whatever its chunks, and unpacked without trust."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.ops.recovery.errors import BackupUnsafe
from rollbook.ops.recovery.tarring import Watched, unpack

FILES = {"PG_VERSION": b"18\n", "base/1/1259": bytes(9000), "backup_manifest": b"{}" * 700, "empty": b""}


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


WHOLE = tar(*((tarfile.TarInfo(name), content) for name, content in FILES.items()))


def pieces(size: int) -> Iterator[bytes]:
    for begin in range(0, len(WHOLE), size):
        yield WHOLE[begin : begin + size]


@given(size=st.integers(1, 3000))
def test_one_file_is_kept_while_all_pass(size: int) -> None:
    watched = Watched("backup_manifest")
    assert b"".join(watched.through(pieces(size))) == WHOLE
    assert watched.content == FILES["backup_manifest"]


def test_a_file_that_was_cut_is_not_there() -> None:
    watched = Watched("backup_manifest")
    for _ in watched.through([WHOLE[: WHOLE.index(b"{}{}") + 100]]):
        assert watched.content is None


@pytest.mark.parametrize("size", [1, 511, 10_000])
def test_files_are_unpacked_and_owned(tmp_path: Path, size: int) -> None:
    owned: list[str] = []
    written = unpack(pieces(size), tmp_path, lambda path, _: owned.append(path.name))
    assert {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    } == (FILES)
    assert written == sum(map(len, FILES.values()))
    assert len(owned) == len(FILES)


def linked(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


@pytest.mark.parametrize(
    "member", [tarfile.TarInfo("../outside"), tarfile.TarInfo("/etc/outside"), linked("pg_tblspc/1", "/etc")]
)
def test_what_would_lie_elsewhere_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    with pytest.raises(BackupUnsafe):
        unpack([tar((member, b""))], tmp_path / "here", lambda *_: None)
    assert not (tmp_path / "outside").exists()
