"""Drops that want to do harm, and a look at whether they did any."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exchange.csvs import MARKS, Place
from exchange.drops import everything
from exchange.oneroster.bundles import Drop
from rollbook.core.progress import Report, Silent
from rollbook.exchange.csv_files.format import CsvFormat
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.exchange.oneroster.bundle import OneRoster
from rollbook.intake.format import Format
from rollbook.intake.outcome import Outcome
from rollbook.intake.pipeline import Request, run_import
from rollbook.testing.databases import Database, TestServer

# Receipts and rejected lines are kept of a refused import; nothing else is.
KEPT_OF_A_REFUSAL = {"imports", "intake_rejects"}
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Victim:
    """A tenant with a school of four students and their marks, at which drops are thrown."""

    server: TestServer
    database: Database
    place: Place

    def contents(self) -> dict[str, list[str]]:
        rows = everything(self.server, self.database)
        return {table: found for table, found in rows.items() if table not in KEPT_OF_A_REFUSAL}

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """See that the block leaves every row of every table as it was."""
        before = self.contents()
        yield
        assert self.contents() == before

    def throw(
        self, path: Path, form: Format, *, report: Report | None = None, is_lenient: bool = False
    ) -> Outcome:
        request = Request(tenant=self.place.slug, source="sis", who="eve", is_lenient=is_lenient)
        return run_import(self.place.url, path, form, request, report or Silent())


def marks(path: Path, csv_map: CsvMap | None = None) -> CsvFormat:
    """Say of the file that it is of attendance."""
    return CsvFormat(KINDS["attendance"], csv_map or CsvMap(), path.name.removesuffix(".gz"))


def bundle(_: Path) -> OneRoster:
    """Say of the drop that it is OneRoster's."""
    return OneRoster()


@dataclass
class Slow(Silent):
    """Runs ``then`` once while a file is read."""

    then: Callable[[], object]
    is_done: bool = False

    def advance(self, amount: float = 1) -> None:
        if amount > 1 and not self.is_done:
            self.is_done = True
            self.then()


def entry(name: str, **facts: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info


def zipped(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return path


def with_a_member_of(path: Path, size: int) -> Path:
    """Write a zip with a member of ``size`` zeros, which take hardly any room."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
        packed.open("users.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(size // MEGABYTE):
            member.write(bytes(MEGABYTE))
    return path


def claims(path: Path, size: int) -> Path:
    """Let the zip's table of contents say that its first member is ``size`` bytes; less than 4 GB."""
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = size.to_bytes(4, "little")
    path.write_bytes(bytes(content))
    return path


def sparse(path: Path, size: int) -> Path:
    """Write a file that claims to be large and takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def packed(path: Path, *parts: bytes) -> Path:
    with gzip.open(path, "wb") as file:
        for part in parts:
            file.write(part)
    return path


def one_line_of(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.write(MARKS.encode())
        for _ in range(size // MEGABYTE):
            file.write(b"x" * MEGABYTE)
    return path


__all__ = ["Drop", "Slow", "Victim"]
