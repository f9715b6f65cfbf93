"""Write a tenant's month to a file, read it back, and believe it only if PostgreSQL finds the same rows."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from psycopg import Copy, sql
from sqlalchemy.orm import Session

from rollbook.ops.archive import catalog
from rollbook.ops.archive.checksums import Summed, checksum
from rollbook.ops.archive.columns import (
    SQL,
    Column,
    columns_of,
    defined,
    key_of,
    listed,
    ordered,
    schema_of,
    told_by,
)
from rollbook.ops.archive.errors import ChecksumDiffers, FileDamaged, ValueUnfit
from rollbook.ops.archive.files import BATCH_ROWS, Place, Writer, batches_of_csv, csv_of, open_file
from rollbook.ops.archive.partitions import add_months
from rollbook.ops.archive.raw import execute, raw
from rollbook.ops.archive.store import Store, manifest_of

BACK: Final = sql.Identifier("archive_back")
_OPEN: Final = sql.SQL("ALTER TABLE public.{} NO FORCE ROW LEVEL SECURITY")
_CLOSE: Final = sql.SQL("ALTER TABLE public.{} FORCE ROW LEVEL SECURITY")
_TENANTS: Final = sql.SQL("SELECT DISTINCT tenant_id FROM public.{} ORDER BY tenant_id")
_OUT: Final = sql.SQL("COPY (SELECT {} FROM {} WHERE tenant_id = {} ORDER BY {}) TO STDOUT (FORMAT csv)")
_MAKE_BACK: Final = sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP")
_LAST: Final = sql.SQL(
    "SELECT max(import_id), max(known_at) FILTER (WHERE import_id IS NULL) FROM pg_temp.{}"
)
_DROP_BACK: Final = sql.SQL("DROP TABLE IF EXISTS pg_temp.{}")
_IN: Final = sql.SQL("COPY pg_temp.{} ({}) FROM STDIN (FORMAT csv)")


@dataclass(frozen=True, slots=True)
class Source:
    """A relation whose rows are archived, or that they go back to."""

    relation: str
    columns: Sequence[Column]
    key: Sequence[str]

    @classmethod
    def of(cls, db: Session, relation: str) -> "Source":
        """Return the relation with its columns and key."""
        return cls(relation, columns_of(db, relation), key_of(db, relation))

    @property
    def name(self) -> sql.Identifier:
        """Its name, quoted."""
        return sql.Identifier("public", self.relation)


class Stream(io.RawIOBase):
    """What COPY sends, as a file to read."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._kept = bytearray()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def peek(self) -> bool:
        """Say whether there is anything to read."""
        if not self._kept:
            self._kept += self._copy.read() or b""
        return bool(self._kept)

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""
        kept = self._kept
        while size < 0 or len(kept) < size:
            part = self._copy.read()
            if not part:
                break
            kept += part
        taken = bytes(kept) if size < 0 else bytes(kept[:size])
        del kept[: len(taken)]
        return taken


@contextmanager
def opened(db: Session, relation: str) -> Iterator[None]:
    """Let the owner see and write all rows of a partition until the block ends: it has no policy of its own.

    Nobody else sees anything of it meanwhile; where the transaction fails, nothing has changed.
    """
    execute(db, _OPEN.format(sql.Identifier(relation)))
    yield
    execute(db, _CLOSE.format(sql.Identifier(relation)))


def tenants_in(db: Session, relation: str) -> list[int]:
    """Return whose rows an opened relation has."""
    return [row[0] for row in execute(db, _TENANTS.format(sql.Identifier(relation)))]


def write_proven(db: Session, owner_url: str, store: Store, source: Source, place: Place) -> catalog.Archived:
    """Write a tenant's rows of an opened month to a file, prove it, and have the archive keep it.

    Raises: ``ChecksumDiffers``; ``ValueUnfit``; ``FolderUnusable``; ``RingMissing``. The next run sweeps what
        was written then.
    """
    with catalog.owner(owner_url) as other:
        catalog.throw_away(other, place.file)
    with (
        store.writing(place.file) as path,
        Writer(path, place, schema_of(source.columns, source.key)) as file,
        _copied_out(db, source, place.tenant_id) as copied,
    ):
        _write(file, copied, source, place)
    expected = checksum(db, source.name, place.tenant_id, source.columns, source.key)
    found = read_back(db, store.path(place.file), place, source)
    if found != expected:
        raise ChecksumDiffers(table=place.table_name, month=f"{place.month:%Y-%m}")
    new = finish(db, store, place, source, expected)
    with catalog.owner_in(owner_url, place.tenant_id) as other:
        catalog.keep(other, new)
    return new


def _write(file: Writer, copied: Stream, source: Source, place: Place) -> None:
    import pyarrow as pa  # noqa: PLC0415 -- of the extra

    try:
        for batch in batches_of_csv(copied, source.columns):
            file.add(batch)
    except pa.ArrowInvalid:
        # what it says quotes the value
        raise ValueUnfit(table=place.table_name, month=f"{place.month:%Y-%m}") from None


def finish(db: Session, store: Store, place: Place, source: Source, summed: Summed) -> catalog.Archived:
    """Write the manifest of a file whose rows ``BACK`` has; return what the archive is to keep of it."""
    new = catalog.Archived(
        place.tenant_id,
        place.table_name,
        place.month,
        place.file,
        summed.rows,
        summed.checksum,
        store.sha256(place.file),
        store.path(place.file).stat().st_size,
        place.key_id,
        *_last_written(db, source, place.month),
    )
    revision = db.execute(SQL["revision"]).scalar_one()
    told: dict[str, Any] = asdict(new) | {
        "schema_revision": revision,
        "columns": [asdict(one) for one in source.columns],
    }
    told.pop("written_at")
    store.write_text(manifest_of(place.file), json.dumps(told, default=str, indent=2))
    return new


def _last_written(db: Session, source: Source, month: date) -> tuple[int | None, datetime | None]:
    """Return the newest import that wrote in ``BACK``, and when the last row was written that none wrote.

    Of a table whose rows do not say so, the month's end: they are written once, as things happen.
    """
    names = {column.name for column in source.columns}
    if not {"import_id", "known_at"} <= names:
        return None, datetime.combine(add_months(month, 1), time.min, UTC)
    imported, by_hand = execute(db, _LAST.format(BACK)).fetchone() or (None, None)
    return imported, by_hand


def read_back(db: Session, path: Path, place: Place, source: Source) -> Summed:
    """Fill the temporary table ``BACK``, of the types that the rows had, from a file; return its checksum."""
    file = open_file(path, place)
    execute(db, _DROP_BACK.format(BACK))
    execute(db, _MAKE_BACK.format(BACK, defined(source.columns)))
    with raw(db).cursor() as cursor, cursor.copy(_IN.format(BACK, listed(source.columns))) as copy:
        for batch in file.iter_batches(BATCH_ROWS):
            copy.write(csv_of(batch))
    return checksum(db, BACK, place.tenant_id, source.columns, source.key)


def source_of(db: Session, store: Store, old: catalog.Archived) -> Source:
    """Return what a file's rows were: their columns, with the types that they had, and their order.

    The table may have others since. Raises: ``FileDamaged``; ``FileMissing``.
    """
    return source_at(db, store.check(old.file, old.sha256), old.place)


def source_at(db: Session, path: Path, place: Place) -> Source:
    """Return what the rows of the file at ``path`` were.

    Raises: ``FileDamaged``.
    """
    columns, key = told_by(open_file(path, place).schema_arrow)
    return Source(place.table_name, columns, key or key_of(db, place.table_name))


def read_checked(db: Session, store: Store, source: Source, old: catalog.Archived) -> None:
    """Fill ``BACK`` with what was archived.

    Raises: ``FileDamaged``, where the checksum is another.
    """
    path = store.check(old.file, old.sha256)
    if read_back(db, path, old.place, source) != Summed(old.row_count, old.checksum):
        raise FileDamaged(file=old.file)


@contextmanager
def stream_of(db: Session, statement: sql.Composed) -> Iterator[Stream]:
    """Yield what a COPY to us sends."""
    with raw(db).cursor() as cursor, cursor.copy(statement) as copy:
        yield Stream(copy)


def _copied_out(db: Session, source: Source, tenant_id: int) -> AbstractContextManager[Stream]:
    """Return a tenant's rows in the key's order, as CSV."""
    key = ordered(source.columns, source.key)
    return stream_of(db, _OUT.format(listed(source.columns), source.name, sql.Literal(tenant_id), key))
