"""Write a tenant's month to a file, read it back, and believe it only if PostgreSQL finds the same rows."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import Copy, sql
from sqlalchemy.orm import Session

from rollbook.ops.archive import catalog
from rollbook.ops.archive.checksums import Summed, checksum
from rollbook.ops.archive.columns import SQL, Column, columns_of, key_of, listed, schema_of
from rollbook.ops.archive.errors import ChecksumDiffers, ColumnsGone, FileDamaged, ValueUnfit
from rollbook.ops.archive.files import BATCH_ROWS, Place, Writer, batches_of_csv, csv_of, open_file
from rollbook.ops.archive.raw import execute, raw
from rollbook.ops.archive.store import Store, manifest_of

BACK: Final = sql.Identifier("archive_back")
_OPEN: Final = sql.SQL("ALTER TABLE public.{} NO FORCE ROW LEVEL SECURITY")
_CLOSE: Final = sql.SQL("ALTER TABLE public.{} FORCE ROW LEVEL SECURITY")
_TENANTS: Final = sql.SQL("SELECT DISTINCT tenant_id FROM public.{} ORDER BY tenant_id")
_OUT: Final = sql.SQL("COPY (SELECT {} FROM {} WHERE tenant_id = {} ORDER BY {}) TO STDOUT (FORMAT csv)")
_MAKE_BACK: Final = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE public.{} INCLUDING DEFAULTS) ON COMMIT DROP")
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
        Writer(path, place, schema_of(source.columns)) as file,
        _copied_out(db, source, place.tenant_id) as copied,
    ):
        _write(file, copied, source, place)
    expected = checksum(db, source.name, place.tenant_id, source.columns, source.key)
    found = read_back(db, store.path(place.file), place, source)
    if found != expected:
        raise ChecksumDiffers(table=place.table_name, month=f"{place.month:%Y-%m}")
    new = finish(db, store, place, source.columns, expected)
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


def finish(
    db: Session, store: Store, place: Place, columns: Sequence[Column], summed: Summed
) -> catalog.Archived:
    """Write the manifest of a file, and return what the archive is to keep of it."""
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
    )
    revision = db.execute(SQL["revision"]).scalar_one()
    told: dict[str, Any] = asdict(new) | {
        "schema_revision": revision,
        "columns": [asdict(one) for one in columns],
    }
    told.pop("written_at")
    store.write_text(manifest_of(place.file), json.dumps(told, default=str, indent=2))
    return new


def read_back(db: Session, path: Path, place: Place, source: Source) -> Summed:
    """Fill the temporary table ``BACK``, made like the relation, from a file; return its checksum."""
    file = open_file(path, place)
    execute(db, _DROP_BACK.format(BACK))
    execute(db, _MAKE_BACK.format(BACK, sql.Identifier(source.relation)))
    with raw(db).cursor() as cursor, cursor.copy(_IN.format(BACK, listed(source.columns))) as copy:
        for batch in file.iter_batches(BATCH_ROWS):
            copy.write(csv_of(batch))
    return checksum(db, BACK, place.tenant_id, source.columns, source.key)


def source_of(db: Session, store: Store, old: catalog.Archived) -> Source:
    """Return the table that a file's rows are of, with the columns that the file has.

    Raises: ``ColumnsGone``; ``FileDamaged``; ``FileMissing``.
    """
    path = store.check(old.file, old.sha256)
    names = open_file(path, old.place).schema_arrow.names
    table = Source.of(db, old.table_name)
    gone = sorted(set(names) - {column.name for column in table.columns})
    if gone:
        raise ColumnsGone(table=old.table_name, month=f"{old.month:%Y-%m}", columns=", ".join(gone))
    return Source(table.relation, [one for one in table.columns if one.name in names], table.key)


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
    key = sql.SQL(", ").join(map(sql.Identifier, source.key))
    return stream_of(db, _OUT.format(listed(source.columns), source.name, sql.Literal(tenant_id), key))
