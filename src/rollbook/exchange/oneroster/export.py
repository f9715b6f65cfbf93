"""Export a tenant as a bundle of OneRoster 1.2: in bulk, or what changed since an instant.

The same data give the same bytes. Files are streamed from COPY into the zip, so that memory does not grow
with the data. Everything is read in one snapshot.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.audit.reading import by_command, disclose_everybody
from rollbook.core.database import engine_for
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, look_through
from rollbook.exchange.oneroster.contacts import make_contacts
from rollbook.exchange.oneroster.errors import PlaceTaken, SourceAmbiguous
from rollbook.exchange.oneroster.manifest import FILE as MANIFEST
from rollbook.exchange.oneroster.manifest import write_manifest
from rollbook.exchange.oneroster.mapping import IDENTITY, make
from rollbook.exchange.oneroster.rows import ROWS, extension_keys, file_rows, lost_ids, verbatim_ids
from rollbook.exchange.oneroster.shapes import Table
from rollbook.exchange.oneroster.tables import MANIFEST_ORDER, TABLES
from rollbook.intake.quarantine import SQL as INTAKE

IDS: Final = named_sql("rollbook.exchange.oneroster", "export_ids.sql")
IDS_IN_ORDER: Final = (
    *("imports", "named", "main", "schools", "district", "sessions", "courses", "sections", "made_sessions"),
    *("persons", "accounts", "categories", "assignments", "ids"),
)
# What others refer to and refers to others itself, in the order of the references.
REFERRING: Final = ("courses", "classes", "userProfiles", "lineItems", "results", "scoreScales")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3
_MANY_ROWS: Final = 5_000_000
_BLOCK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A file of the bundle, and how many rows it has."""

    file: str
    rows: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where. ``left_out`` says in words what a bundle cannot hold, or may not."""

    tenant: str
    path: Path
    mode: str
    source: str
    files: Sequence[FileWritten]
    left_out: Sequence[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(file.rows for file in self.files)


def export_oneroster(  # noqa: PLR0913 -- each is a choice of the person who exports
    url: str,
    path: Path,
    *,
    tenant_slug: str,
    source: str | None = None,
    since: datetime | None = None,
    overwrite: bool = False,
    report: Report | None = None,
) -> Exported:
    """Write the tenant to a zip at ``path``: all of it, or with ``since`` what changed from then on.

    Records are called what ``source`` calls them; None: the only source there is.
    Raises: ``PlaceTaken``; ``SourceAmbiguous``; ``TenantNotFound``.
    """
    if path.exists() and not overwrite:
        raise PlaceTaken(path=path)
    engine = engine_for(url, statement_timeout_s=0).execution_options(isolation_level="REPEATABLE READ")
    partial = path.with_name(path.name + ".partial")
    try:
        with Session(engine) as db, db.begin():
            tenant = find_tenant(db, tenant_slug)
            look_through(db, Visibility(tenant.tenant_id))
            disclose_everybody(db, by_command())
            work = _Export(db, tenant, _choose_source(db, source), since, report or Silent())
            exported = work.write(partial, path)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return exported


def _choose_source(db: Session, wanted: str | None) -> str:
    known = list(db.scalars(IDS["sources"], {"record_types": list(TABLES)}))
    if wanted is None and len(known) > 1:
        raise SourceAmbiguous(sources=", ".join(known))
    return wanted or (known[0] if known else "")


@dataclass(slots=True)
class _Export:
    db: Session
    tenant: Tenant
    source: str
    since: datetime | None
    report: Report

    def write(self, partial: Path, path: Path) -> Exported:
        """Write every table that has rows, then the manifest that names them all."""
        self._prepare()
        written = []
        with ZipFile(partial, "w", ZIP_DEFLATED) as bundle:
            self.report.step("Writing", len(MANIFEST_ORDER))
            for name in MANIFEST_ORDER:
                rows = self._write_table(bundle, TABLES[name])
                if rows:
                    written.append(FileWritten(TABLES[name].file, rows))
                self.report.advance()
            self._write_manifest(bundle, {Path(file.file).stem for file in written})
        return Exported(self.tenant.slug, path, self._mode, self.source, written, list(self._left_out()))

    @property
    def _mode(self) -> str:
        return "bulk" if self.since is None else "delta"

    def _prepare(self) -> None:
        """Find out what every record is called."""
        self.db.execute(INTAKE["plan_for_sets"])
        self.db.execute(INTAKE["use_time_zone"], {"time_zone": self.tenant.time_zone})
        make(self.db, IDENTITY, ["grade_levels"])
        make(self.db, IDS, ["export"])
        facts = {"source": self.source, "tenant_name": self.tenant.name, "is_delta": self.since is not None}
        self.db.execute(IDS["say_export"], facts)
        make(self.db, IDS, IDS_IN_ORDER)
        make_contacts(self.db, self.tenant.tenant_id)
        self.db.execute(IDS["say_ids"])
        for table in TABLES.values():
            self.db.execute(text(verbatim_ids(table)))
        self.db.execute(IDS["index_ids"])
        roles = ROWS["roles"].text
        self.db.execute(text(f"CREATE TEMP TABLE export_roles ON COMMIT DROP AS {roles}"))
        if self.since is None:
            for name in REFERRING:
                self.db.execute(text(lost_ids(TABLES[name])))

    def _write_table(self, bundle: ZipFile, table: Table) -> int:
        """Stream a table into the zip; return how many rows it has. One without rows leaves no trace."""
        keys = extension_keys(self.db, table, is_delta=self.since is not None)
        is_large = self._is_large(table)  # asked before: the connection is taken while it copies
        blocks = self._copied(file_rows(table, keys, self.since))
        first = next(blocks, None)
        if first is None:
            return 0
        info = ZipInfo(table.file, _EPOCH)
        info.compress_type, info.external_attr, info.create_system = ZIP_DEFLATED, _READABLE, _UNIX
        rows = 0
        with bundle.open(info, "w", force_zip64=is_large) as file:
            file.write(_line([*table.header, *keys]))
            for block in chain([first], blocks):
                rows += block.count(b"\n")
                file.write(block)
        return rows

    def _is_large(self, table: Table) -> bool:
        """Say whether a file may need Zip64; others are written so that every program reads them."""
        if table.name != "results":
            return False
        return bool(self.db.scalar(text("SELECT count(*) > :most FROM grades"), {"most": _MANY_ROWS}))

    def _copied(self, query: str) -> Iterator[bytes]:
        """Yield the rows as CSV in blocks, each line ended by CR LF: no value holds a line end."""
        raw = cast("Connection[Any]", self.db.connection().connection.driver_connection)
        parts: list[bytes] = []
        size = 0
        statement = f"COPY ({query}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"
        with raw.cursor() as cursor, cursor.copy(cast("Any", statement)) as copy:
            for row in copy:
                parts.append(bytes(row)[:-1])
                size += len(row)
                if size > _BLOCK_BYTES:
                    yield b"\r\n".join(parts) + b"\r\n"
                    parts, size = [], 0
        if parts:
            yield b"\r\n".join(parts) + b"\r\n"

    def _write_manifest(self, bundle: ZipFile, present: set[str]) -> None:
        modes = dict.fromkeys(present, self._mode)
        info = ZipInfo(MANIFEST, _EPOCH)
        info.compress_type, info.external_attr, info.create_system = ZIP_DEFLATED, _READABLE, _UNIX
        rows = write_manifest(modes, is_synthetic=self.tenant.is_synthetic)
        bundle.writestr(info, b"".join(map(_line, rows)))

    def _left_out(self) -> Iterator[str]:
        """Say what could not be written, or was held back."""
        for name, what in _HELD_BACK.items():
            count = self.db.scalar(ROWS[name])
            if count:
                yield what.format(count=count)


_HELD_BACK: Final = {
    "count_private": "how to reach students whose families forbid handing that out: {count:,}",
    "count_scales": "grade scales of no course (OneRoster's belong to a course and a class): {count:,}",
}


def _line(values: Sequence[str]) -> bytes:
    line = StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue().encode()
