"""Rows of a person in the archive, read from its files."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import reduce
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.ops.archive import catalog
from rollbook.ops.archive.columns import told_by
from rollbook.ops.archive.files import BATCH_ROWS, need_extra, open_file
from rollbook.ops.archive.store import Store

# What a file keeps as text, as the database would give it.
_READ: Final[Mapping[str, Callable[[str], Any]]] = {"uuid": UUID, "json": json.loads, "jsonb": json.loads}


def rows_with(
    db: Session, store: Store, table: str, wanted: Mapping[str, Collection[UUID]]
) -> Iterator[dict[str, Any]]:
    """Yield the tenant's archived rows that have in a column of ``wanted`` one of its values, by month.

    Raises: ``ExtraMissing``; ``FileMissing``; ``FileDamaged``; ``KeyUnknown``; ``RingMissing``.
    """
    for one in catalog.find(db, table):
        need_extra()
        file = open_file(store.check(one.file, one.sha256), one.place)
        columns, _ = told_by(file.schema_arrow)
        read = {column.name: _READ[column.type] for column in columns if column.type in _READ}
        for batch in file.iter_batches(BATCH_ROWS):
            for row in _chosen(batch, wanted).to_pylist():
                yield {name: _value(read.get(name), value) for name, value in row.items()}


def _chosen(batch: Any, wanted: Mapping[str, Collection[UUID]]) -> Any:  # noqa: ANN401 -- Arrow batches
    import pyarrow as pa  # noqa: PLC0415 -- of the extra
    import pyarrow.compute as pc  # noqa: PLC0415 -- likewise

    hits = [
        pc.is_in(batch.column(name), pa.array(map(str, values), pa.string()))
        for name, values in wanted.items()
        if name in batch.schema.names
    ]
    return batch.filter(reduce(pc.or_, hits))


def _value(read: Callable[[str], Any] | None, value: Any) -> Any:  # noqa: ANN401 -- of any column
    return value if read is None or value is None else read(value)
