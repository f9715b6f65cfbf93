"""Parquet files of archived rows: each encrypted with a key of its own (Parquet modular encryption, AES-GCM).

The key is derived from one of the key ring's, the tenant and the file's id; the file opens only in its place:
another tenant's, table's or month's does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, Final, Self
from uuid import uuid4

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rollbook.core.keyring import KEY_BYTES, ring
from rollbook.ops.archive.columns import Column, schema_of
from rollbook.ops.archive.errors import ExtraMissing, FileDamaged
from rollbook.ops.archive.store import SUFFIX

BLOCK_BYTES: Final = 8 << 20
BATCH_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows of which table and month a file has, the id that names it, and the key that it needs."""

    tenant_id: int
    table_name: str
    month: date
    file_id: str
    key_id: str

    @classmethod
    def new(cls, tenant_id: int, table_name: str, month: date) -> "Place":
        """Return a place for a file that is to be written.

        Raises: ``RingMissing``.
        """
        return cls(tenant_id, table_name, month, uuid4().hex, ring().primary)

    @property
    def file(self) -> str:
        """The file's name in the archive's folder: of a tenant it says nothing."""
        return f"{self.table_name}/{self.month:%Y-%m}-{self.file_id}{SUFFIX}"

    def key(self) -> bytes:
        """Return the file's own key.

        Raises: ``KeyUnknown``; ``RingMissing``.
        """
        info = f"rollbook archive 1, tenant {self.tenant_id}".encode()
        derived = HKDF(SHA256(), KEY_BYTES, salt=bytes.fromhex(self.file_id), info=info)
        return derived.derive(ring().key(self.key_id).secret)

    @property
    def bound(self) -> bytes:
        """What the encryption is bound to."""
        return f"{self.tenant_id}\0{self.table_name}\0{self.month:%Y-%m}\0{self.file_id}".encode()


def need_extra() -> None:
    """See that what archives need is installed.

    Raises: ``ExtraMissing``.
    """
    try:
        import duckdb  # noqa: F401, PLC0415 -- of the extra
        import pyarrow as pa  # noqa: F401, PLC0415 -- of the extra
    except ImportError:
        raise ExtraMissing from None


class Writer:
    """A file that is being written, batch by batch."""

    def __init__(self, path: Path, place: Place, schema: Any) -> None:  # noqa: ANN401 -- Arrow's
        import pyarrow.parquet as pq  # noqa: PLC0415 -- of the extra
        from pyarrow.parquet import encryption  # noqa: PLC0415 -- likewise

        sealed = encryption.create_encryption_properties(
            place.key(), aad_prefix=place.bound, store_aad_prefix=False
        )
        self._file = pq.ParquetWriter(path, schema, compression="zstd", encryption_properties=sealed)
        self.rows = 0

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the end of the file."""
        self._file.close()

    def add(self, batch: Any) -> None:  # noqa: ANN401 -- an Arrow batch or table
        """Write a batch as a group of rows."""
        if batch.num_rows:
            self._file.write(batch)
            self.rows += batch.num_rows


def batches_of_csv(source: IO[bytes] | RawIOBase, columns: Sequence[Column]) -> Iterator[Any]:
    """Yield what COPY sends as CSV, in batches. Shape: nulls are unquoted and empty, no header."""
    import pyarrow as pa  # noqa: PLC0415 -- of the extra
    from pyarrow import csv  # noqa: PLC0415 -- likewise

    schema = schema_of(columns)
    reader = csv.open_csv(
        pa.PythonFile(source, "r"),
        csv.ReadOptions(block_size=BLOCK_BYTES, column_names=schema.names, use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    for batch in reader:
        yield pa.Table.from_batches([batch]).replace_schema_metadata(schema.metadata)


def csv_of(batch: Any) -> bytes:  # noqa: ANN401 -- an Arrow batch or table
    """Return a batch as the CSV that COPY reads."""
    import pyarrow as pa  # noqa: PLC0415 -- of the extra
    from pyarrow import csv  # noqa: PLC0415 -- likewise

    sink = pa.BufferOutputStream()
    csv.write_csv(batch, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return bytes(sink.getvalue())


def open_file(path: Path, place: Place) -> Any:  # noqa: ANN401 -- a pyarrow.parquet.ParquetFile
    """Open a file to read.

    Raises: ``FileDamaged``, also where it lies in another's place; ``KeyUnknown``; ``RingMissing``.
    """
    import pyarrow as pa  # noqa: PLC0415 -- of the extra
    import pyarrow.parquet as pq  # noqa: PLC0415 -- likewise
    from pyarrow.parquet import encryption  # noqa: PLC0415 -- likewise

    opening = encryption.create_decryption_properties(place.key(), aad_prefix=place.bound)
    try:
        return pq.ParquetFile(path, decryption_properties=opening, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise FileDamaged(file=place.file) from error
