"""Encrypted columns of what is generated: texts become ciphertext on their way to COPY."""

from uuid import UUID

import numpy as np
from sqlalchemy import Table

from rollbook.core.encryption import Column as Sealing
from rollbook.core.encryption import sealed_columns
from rollbook.core.keyring import ring
from rollbook.demo.calendar import Array
from rollbook.demo.facts import Column, Columns, Words, lists


def seal_columns(target: Table, tenant_id: int, columns: Columns) -> Columns:
    """Return ``columns`` with the encrypted ones of ``target`` encrypted for their rows."""
    names = [name for name in sealed_columns(target) if name in columns]
    if not names:
        return columns
    known = ring()
    (key,) = (column.name for column in target.primary_key.columns if column.name != "tenant_id")
    ids = columns[key]
    assert isinstance(ids, np.ndarray)
    rows = [UUID(bytes=one.tobytes()) for one in ids]
    return {
        **columns,
        **{
            name: _sealed(Sealing(tenant_id, target.name, name, known), rows, columns[name]) for name in names
        },
    }


def _sealed(column: Sealing, rows: list[UUID], values: Column) -> Array:
    texts = values.texts() if isinstance(values, Words) else values
    pairs = zip(rows, texts.tolist(), strict=True)
    return lists([None if text is None else column.seal(row, text) for row, text in pairs])
