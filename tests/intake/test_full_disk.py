"""An import for which the disk is too small ends in one sentence, with nothing half done."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from intake.school import District, Drop
from rollbook.core.database import close_engines
from rollbook.intake.receipts import list_imports
from rollbook.ops import server
from rollbook.testing.databases import TestServer, running_server

ROOM = 6_000_000
MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=0755", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk may not be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_server(small_disk: Path) -> Iterator[TestServer]:
    with running_server(small_disk / "home") as started:
        yield started


def leave(disk: Path, room: int) -> Path:
    """Fill the disk until only ``room`` bytes are left."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.tell() < free - room:
            file.write(bytes(min(MEGABYTE, free - room - file.tell())))
    return filler


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_leaves_nothing_half_done(small_disk: Path, small_server: TestServer, drop: Drop) -> None:
    with small_server.database() as database:
        district = District(database.url)
        before = district.bring(drop).written
        for number in range(10_000, 60_000):
            drop.add("students.csv", f"{number},Kim,1,paid,")
        filler = leave(small_disk, ROOM)

        with pytest.raises(DBAPIError, match=r"(?i)no space|server closed|recovery|terminat"):
            district.bring(drop)

        filler.unlink()
        close_engines(database.url)
        server.up(small_server.settings, durable=False)
        assert district.rows("SELECT count(*) FROM students") == [(4,)]
        with district.session() as db:
            assert list_imports(db)[0].state in {"failed", "lost"}
        assert (before, district.bring(drop).written) == (14, 50_000)
