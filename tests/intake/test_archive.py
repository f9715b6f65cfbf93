"""Drops that are opened without trusting them: zips, folders and single files, honest and hostile."""

import gzip
import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.core.errors import RollbookError
from rollbook.intake.archive import Archive, open_archive
from rollbook.intake.errors import (
    ArchiveMissing,
    ArchiveRefused,
    FileMissing,
    FileRepeated,
    FileUnreadable,
)
from rollbook.intake.liberties import Liberties
from rollbook.intake.members import Limits, Member

Entries = Mapping[str, bytes] | Mapping[zipfile.ZipInfo, bytes]
CONTENT = b"a,b\n1,2\n"


def read(member: Member, size: int = 7) -> bytes:
    told: list[int] = []
    with member.open(told.append) as source:
        return b"".join(iter(lambda: source.read(size), b""))


def zipped(path: Path, entries: Entries, packed: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", packed) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@contextmanager
def opened(path: Path, *, is_lenient: bool = False, limits: Limits | None = None) -> Iterator[Archive]:
    with open_archive(path, Liberties(), is_lenient=is_lenient, limits=limits) as archive:
        yield archive


def names(path: Path, *, is_lenient: bool = False) -> tuple[list[str], list[str]]:
    with opened(path, is_lenient=is_lenient) as archive:
        return list(archive.names), [str(liberty) for liberty in archive.liberties.listed]


def read_all(path: Path, *, is_lenient: bool = True, limits: Limits | None = None) -> None:
    with opened(path, is_lenient=is_lenient, limits=limits) as archive:
        for name in archive.names:
            read(archive.need(name), 1 << 20)


def refused(path: Path, *, is_lenient: bool = True, limits: Limits | None = None) -> str:
    """Return why it is not opened, kindness or not."""
    with pytest.raises(ArchiveRefused) as why:
        read_all(path, is_lenient=is_lenient, limits=limits)
    return str(why.value)


def test_the_files_of_a_zip_are_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": CONTENT, "b.csv": b""})

    with opened(path) as archive:
        assert list(archive.names) == ["a.csv", "b.csv"]
        assert read(archive.need("a.csv")) == CONTENT
        assert archive.find("c.csv") is None
        with pytest.raises(FileMissing, match=r"c\.csv"):
            archive.need("c.csv")


def test_the_files_of_a_folder_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CONTENT)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(CONTENT))

    with opened(tmp_path) as archive:
        assert [read(archive.need(name)) for name in ("a.csv", "b.csv")] == [CONTENT, CONTENT]


def test_a_single_file_is_a_drop_and_may_be_called_something_else(tmp_path: Path) -> None:
    (tmp_path / "fixed.csv").write_bytes(CONTENT)

    with open_archive(tmp_path / "fixed.csv", Liberties(), name="a.csv") as archive:
        assert list(archive.names) == ["a.csv"]


def test_a_digest_is_that_of_the_file_and_of_what_is_in_a_folder(tmp_path: Path) -> None:
    inner = tmp_path / "drop" / "export"
    inner.mkdir(parents=True)
    (inner / "a.csv").write_bytes(CONTENT)
    with opened(tmp_path / "drop", is_lenient=True) as archive:
        before = archive.digest()
        (inner / "a.csv").write_bytes(CONTENT + b"3,4\n")
        assert archive.digest() != before


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveMissing), opened(tmp_path / "drop.zip"):
        pass


@pytest.mark.parametrize(
    "name", ["../a.csv", "/a.csv", "x/../../a.csv", "C:a.csv", "..\\a.csv", "a\n.csv", "x\\a.csv"]
)
def test_an_entry_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    assert "an entry" in refused(zipped(tmp_path / "drop.zip", {name: CONTENT}))
    assert not list(tmp_path.parent.glob("a.csv"))


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(("mode", "what"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "no plain file")])
def test_an_entry_that_is_no_file(tmp_path: Path, mode: int, what: str) -> None:
    path = zipped(tmp_path / "drop.zip", {entry("a.csv", mode | 0o644): b"/etc/passwd"})

    assert what in refused(path)


def test_a_link_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(CONTENT)
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.csv").symlink_to(tmp_path / "secret")

    assert "no plain file" in refused(folder)


def test_a_name_that_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "drop.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", CONTENT)
        archive.writestr("a.csv", b"other")

    with pytest.raises(FileRepeated, match=r"a\.csv"), opened(path, is_lenient=True):
        pass


def test_two_names_that_differ_by_case(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": CONTENT, "A.csv": b"other"})

    with pytest.raises(FileRepeated), opened(path):
        pass


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.csv": CONTENT})

    assert "archive itself" in refused(zipped(tmp_path / "drop.zip", {"inner.zip": inner.read_bytes()}))


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": CONTENT})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the local header's flag
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and that of the table of contents
    path.write_bytes(content)

    assert "encrypted" in refused(path)


def test_a_packing_that_is_not_read(tmp_path: Path) -> None:
    assert "packed" in refused(zipped(tmp_path / "drop.zip", {"a.csv": CONTENT}, zipfile.ZIP_BZIP2))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": b"0" * 20_000_000})

    assert "250 times its size" in refused(path)


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    files = {f"{name}.csv": os.urandom(600) for name in "abc"}

    assert "larger than 1,000 bytes" in refused(
        zipped(tmp_path / "drop.zip", dict(files)), limits=Limits(most_bytes=1000)
    )


def test_a_gzip_that_unpacks_to_more_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"0" * 100_000))

    assert "larger than 50,000 bytes" in refused(tmp_path / "a.csv.gz", limits=Limits(most_bytes=50_000))


def test_too_many_entries(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {f"{n}.csv": b"" for n in range(30)})

    assert "more than 20 entries" in refused(path, limits=Limits(most_members=20))


def test_a_table_of_contents_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": CONTENT})
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<L", content, end + 12, 1 << 30)
    path.write_bytes(content)

    assert "entries" in refused(path)


def test_a_folder_in_the_zip_needs_kindness_and_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"export/": b"", "export/a.csv": CONTENT})

    assert "in a folder" in refused(path, is_lenient=False)
    assert names(path, is_lenient=True) == (["a.csv"], ["drop.zip: its files are in a folder"])


def test_files_in_several_folders_are_nobodys(tmp_path: Path) -> None:
    assert "in a folder" in refused(zipped(tmp_path / "drop.zip", {"x/a.csv": CONTENT, "y/b.csv": CONTENT}))


def test_what_an_operating_system_adds_is_left_out_and_told(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "drop.zip",
        {"export/a.csv": CONTENT, "__MACOSX/export/._a.csv": b"\0", "export/.DS_Store": b"\0"},
    )

    assert names(path, is_lenient=True)[0] == ["a.csv"]
    assert "hidden files" in " ".join(names(path, is_lenient=True)[1])


def test_a_folder_in_a_folder_needs_kindness(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.csv").write_bytes(CONTENT)

    assert "no plain file" in refused(tmp_path, is_lenient=False)
    assert names(tmp_path, is_lenient=True)[0] == ["a.csv"]


def test_another_case_needs_kindness_and_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"Users.CSV": CONTENT})

    with opened(path) as strict:
        assert strict.find("users.csv") is None
    with opened(path, is_lenient=True) as kind:
        assert kind.find("users.csv") is not None
        assert [str(liberty) for liberty in kind.liberties.listed] == ["Users.CSV: is called users.csv"]


@pytest.mark.parametrize("length", [0, 30, 60, 100])
def test_a_zip_that_was_cut_off(tmp_path: Path, length: int) -> None:
    whole = zipped(tmp_path / "whole.zip", {"a.csv": CONTENT}).read_bytes()
    path = tmp_path / "drop.zip"
    path.write_bytes(whole[:-22][: length + 4])

    with pytest.raises(FileUnreadable):
        read_all(path)


def test_content_that_is_not_what_its_checksum_says(tmp_path: Path) -> None:
    path = zipped(tmp_path / "drop.zip", {"a.csv": CONTENT}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(CONTENT, CONTENT.replace(b"1", b"9")))

    with opened(path) as archive, pytest.raises(FileUnreadable, match="CRC"):
        read(archive.need("a.csv"))


@given(noise=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_damage_to_a_zip_ends_in_anything_but_a_sentence(
    tmp_path: Path, noise: list[tuple[int, int]]
) -> None:
    path = tmp_path / "drop.zip"
    content = bytearray(zipped(path, {"a.csv": CONTENT, "b.csv": CONTENT * 9}).read_bytes())
    for position, byte in noise:
        content[position % len(content)] = byte
    path.write_bytes(content)

    with suppress(RollbookError):
        read_all(path)


def test_a_file_larger_than_memory_would_be_is_read_in_pieces(tmp_path: Path) -> None:
    """40 MB stand for 10 GB: what is asked for at once is what is held at once."""
    path = tmp_path / "drop.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as out:
        for n in range(400):
            out.write(io.BytesIO(f"{n:06d},".encode() * 14_000).getvalue())

    largest = 0
    with (
        opened(path, limits=Limits(most_ratio=2000)) as drop,
        drop.need("a.csv").open(lambda _: None) as source,
    ):
        while chunk := source.read(1 << 16):
            largest = max(largest, len(chunk))

    assert largest == 1 << 16
