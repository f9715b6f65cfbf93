"""Drops that want to do harm: each ends in one sentence, and no row of any table is another."""

import os
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange import hostile
from exchange.csvs import ENROLLED, MARKS, SCHOOLS, STUDENTS, Place
from exchange.hostile import Slow, Victim, bundle, marks
from exchange.oneroster.bundles import Drop
from rollbook.core.database import engine_for
from rollbook.core.errors import RollbookError
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.intake.errors import ArchiveMissing, ArchiveRefused, FileChanged, FileUnreadable
from rollbook.intake.format import Format
from rollbook.intake.quarantine import SQL
from rollbook.intake.refusals import ImportRunning
from rollbook.testing.databases import TestServer

NOBODY = 65534
Maker = Callable[[Path], Path]
Form = Callable[[Path], Format]


@pytest.fixture(scope="module")
def victim(rollbook_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with rollbook_server.database() as database:
        place = Place(database.url, tmp_path_factory.mktemp("victim"))
        for kind, content in (
            *(("schools", SCHOOLS), ("students", STUDENTS)),
            *(("enrollments", ENROLLED), ("attendance", MARKS)),
        ):
            place.bring(kind, content)
        yield Victim(rollbook_server, database, place)


def good(path: Path) -> Path:
    """Write a bundle that nothing is wrong with."""
    return Drop(path).write()


def beside(name: str | zipfile.ZipInfo, content: bytes = b"") -> Maker:
    """Put an entry into a good bundle."""

    def make(path: Path) -> Path:
        with zipfile.ZipFile(good(path), "a") as packed:
            packed.writestr(name, content)
        return path

    return make


LINK = hostile.entry("users.csv", external_attr=(stat.S_IFLNK | 0o777) << 16)
PIPE = hostile.entry("pipe.csv", external_attr=(stat.S_IFIFO | 0o666) << 16)
DROPS: dict[str, tuple[Maker, str]] = {
    "bomb": (lambda path: hostile.with_a_member_of(path, 300_000_000), "more than 250 times its size"),
    "claims 4 GB": (
        lambda path: hostile.claims(hostile.zipped(path, ("users.csv", b"x")), 2**32 - 2),
        "250 times",
    ),
    "traversal": (beside("../../etc/cron.d/evil.csv", b"x"), "leads out of the archive"),
    "absolute": (beside("/etc/passwd", b"x"), "leads out of the archive"),
    "drive": (beside("C:evil.csv", b"x"), "leads out of the archive"),
    "link": (lambda path: hostile.zipped(path, (LINK, b"/etc/passwd")), "is a link"),
    "pipe": (beside(PIPE), "is no plain file"),
    "nested": (beside("more.zip", b"PK"), "is an archive itself"),
    "twice": (beside("USERS.csv", b"x"), "users.csv is there twice|USERS.csv is there twice"),
    "too many": (
        lambda path: hostile.zipped(path, *((f"{number}.csv", b"") for number in range(1001))),
        "more than 1000 entries",
    ),
    "no zip": (lambda path: _written(path, b"PK\x03\x04" + os.urandom(1000)), "cannot be read"),
    "empty zip": (hostile.zipped, "manifest"),
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", DROPS)
@pytest.mark.parametrize("is_lenient", [False, True])
def test_a_bundle_that_is_a_trap(victim: Victim, tmp_path: Path, name: str, is_lenient: bool) -> None:
    make, sentence = DROPS[name]
    path = make(tmp_path / "bundle.zip")

    with victim.unharmed(), pytest.raises(RollbookError, match=f"(?i){sentence}"):
        victim.throw(path, bundle(path), is_lenient=is_lenient)


HEADER = b"student_number,date,status"
ROW = b"1,2025-09-03,absent\n"
FILES: dict[str, tuple[Maker, str]] = {
    "1 GB": (lambda path: hostile.sparse(path, 10**9), "longer than 1048576 bytes"),
    "30 GB": (lambda path: hostile.sparse(path, 30 * 10**9), "larger than 20,000,000,000 bytes"),
    "line of 100 MB": (
        lambda path: hostile.one_line_of(path, 100_000_000),
        "line 5: the line is longer than 1048576 bytes",
    ),
    "quotation mark": (
        lambda path: _written(path, HEADER + b'\n"' + ROW * 200_000),
        "line 2: a quotation mark is opened here and not closed",
    ),
    "10,000 columns": (
        lambda path: _written(path, b",".join(b"c%d" % n for n in range(10_000)) + b"\n"),
        "line 1: the column names hold a NUL byte or are more than 500",
    ),
    "empty": (lambda path: _written(path, b""), "is empty"),
    "NUL bytes": (
        lambda path: _written(path, HEADER + b"\n1,2025-09-03,abs\0ent\n"),
        "line 2, column status: holds a NUL byte",
    ),
    "NUL in the header": (lambda path: _written(path, HEADER + b"\0\n" + ROW), "line 1: the column names"),
    "not UTF-8": (
        lambda path: _written(path, HEADER + b"\n1,2025-09-03,\xff\xfe\n"),
        "line 2, column status: is not UTF-8",
    ),
    "UTF-16": (
        lambda path: _written(path, (HEADER + b"\n" + ROW).decode().encode("utf-16")),
        "is in UTF-16-LE instead of UTF-8",
    ),
    "overlong UTF-8": (
        lambda path: _written(path, HEADER + b"\n1,2025-09-03,\xc0\xaf\n"),
        "line 2, column status: is not UTF-8",
    ),
    "surrogate": (
        lambda path: _written(path, HEADER + b"\n1,2025-09-03,\xed\xa0\x80\n"),
        "line 2, column status: is not UTF-8",
    ),
    "SQL in a value": (
        lambda path: _written(path, HEADER + b"\n1,2025-09-03,'); DROP TABLE students; --\n"),
        "line 2, column status: is not one of",
    ),
    "SQL in a column": (
        lambda path: _written(
            path, b'student_number,date,status,"x""); DROP TABLE students; --"\n1,2025-09-03,q,1\n'
        ),
        "line 2, column status: is not one of",
    ),
}


@pytest.mark.slow
def test_a_file_of_10_gb(victim: Victim, tmp_path: Path) -> None:
    path = hostile.sparse(tmp_path / "marks.csv", 10 * 10**9)

    with victim.unharmed(), pytest.raises(RollbookError, match=r"longer than 1048576 bytes"):
        victim.throw(path, marks(path))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_a_trap(victim: Victim, tmp_path: Path, name: str) -> None:
    make, sentence = FILES[name]
    path = make(tmp_path / "marks.csv")

    with victim.unharmed(), pytest.raises(RollbookError, match=sentence):
        victim.throw(path, marks(path))


def test_a_gzip_that_never_ends(victim: Victim, tmp_path: Path) -> None:
    zeros = hostile.packed(tmp_path / "zeros.csv.gz", *[bytes(hostile.MEGABYTE)] * 200)
    lines = hostile.packed(tmp_path / "lines.csv.gz", HEADER + b"\n", *[ROW * 50_000] * 40)

    with victim.unharmed(), pytest.raises(RollbookError, match=r"longer than 1048576 bytes"):
        victim.throw(zeros, marks(zeros))
    with (
        victim.unharmed(),
        pytest.raises(ArchiveRefused, match=r"unpacked it is larger than [0-9,]+ bytes"),
    ):
        victim.throw(lines, marks(lines))


@pytest.mark.parametrize("form", [marks, bundle])
def test_what_is_no_file(victim: Victim, tmp_path: Path, form: Form) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with victim.unharmed():
        for path, error in (
            (pipe, ArchiveRefused),
            (Path("/dev/zero"), ArchiveRefused),
            (tmp_path / "none", ArchiveMissing),
        ):
            with pytest.raises(error):
                victim.throw(path, form(path))
        with pytest.raises(RollbookError):
            victim.throw(tmp_path, form(tmp_path))


@pytest.fixture
def as_nobody() -> Iterator[Callable[[], None]]:
    """Return what gives root's rights away until the test ends; who is not root has none."""
    is_root = os.geteuid() == 0
    yield lambda: os.seteuid(NOBODY) if is_root else None
    if is_root:
        os.seteuid(0)


@pytest.mark.parametrize("form", [marks, bundle])
@pytest.mark.parametrize("locked", ["secret.csv", "."])
def test_a_file_that_may_not_be_read(
    victim: Victim, as_nobody: Callable[[], None], form: Form, locked: str
) -> None:
    with TemporaryDirectory() as folder:
        path = _written(Path(folder) / "secret.csv", MARKS.encode())
        Path(folder).chmod(0o755)
        (Path(folder) / locked).chmod(0)

        with victim.unharmed():
            as_nobody()
            with pytest.raises(FileUnreadable, match=r"secret.csv cannot be read: Permission denied"):
                victim.throw(path, form(path))
            if os.getuid() == 0:
                os.seteuid(0)


def test_a_file_that_changes_while_it_is_read(victim: Victim, tmp_path: Path) -> None:
    def append() -> None:
        with path.open("ab") as file:
            file.write(ROW)

    path = _written(tmp_path / "marks.csv", MARKS.encode())

    with victim.unharmed(), pytest.raises(FileChanged, match=r"marks.csv changed while it was read"):
        victim.throw(path, marks(path), report=Slow(append))


def test_a_bundle_that_is_exchanged_while_it_is_read(victim: Victim, tmp_path: Path) -> None:
    def exchange() -> None:
        other.replace(path)

    path, other = good(tmp_path / "bundle.zip"), good(tmp_path / "other.zip")

    with victim.unharmed(), pytest.raises(FileChanged, match=r"bundle.zip changed while it was read"):
        victim.throw(path, bundle(path), report=Slow(exchange))


def test_a_second_import_is_refused_or_waits(victim: Victim, tmp_path: Path) -> None:
    path = _written(tmp_path / "marks.csv", MARKS.encode())
    with Session(engine_for(victim.place.url, statement_timeout_s=0)) as first:
        first.execute(SQL["lock_tenant"], {"slug": victim.place.slug})

        with victim.unharmed(), pytest.raises(ImportRunning, match=r"Another import into the tenant"):
            victim.place.bring("attendance", MARKS, waits=False)
        waiting = threading.Thread(target=victim.throw, args=(path, marks(path)))
        waiting.start()
        waiting.join(timeout=0.5)
        is_waiting = waiting.is_alive()
        first.commit()

    waiting.join(timeout=120)
    assert (is_waiting, waiting.is_alive()) == (True, False)


ODD = "O'Brien 100% %s %(x)s :name {y} \\ \" ; DROP TABLE students; --"


def test_a_value_for_every_line_is_kept_as_it_is(victim: Victim) -> None:
    done = victim.place.bring("attendance", MARKS, CsvMap().with_pairs([f"reason:={ODD}"]), is_dry_run=True)

    assert done.tables[0].columns["reason"] == 3
    kept = victim.place.bring("attendance", MARKS, CsvMap().with_pairs([f"reason:={ODD}"]))
    assert kept.counts["attendance_records"].changed == 3
    query = text("SELECT count(*) FROM attendance_records WHERE reason = :odd")
    with victim.place.session() as db:
        assert db.scalar(query, {"odd": ODD}) == 3


PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([HEADER, ROW, b"\n", b'"', b",", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b";"]),
)


@settings(max_examples=25)
@given(pieces=st.lists(PIECES, max_size=12), is_lenient=st.booleans(), is_headed=st.booleans())
def test_no_bytes_end_in_anything_but_a_sentence(
    victim: Victim, tmp_path: Path, pieces: list[bytes], is_lenient: bool, is_headed: bool
) -> None:
    path = _written(tmp_path / "marks.csv", (HEADER + b"\n" if is_headed else b"") + b"".join(pieces))
    before = victim.contents()
    request: dict[str, Any] = {"is_lenient": is_lenient, "is_dry_run": True, "max_rejects": 100}
    sentences = ["."]
    try:
        victim.place.bring("attendance", path, **request)
    except RollbookError as error:
        sentences.append(str(error))

    assert (sentences[-1][-1], victim.contents()) == (".", before)
