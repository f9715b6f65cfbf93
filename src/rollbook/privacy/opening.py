"""What the audit keeps of encrypted columns, decrypted."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Table

from rollbook.core.encryption import Column, row_key, sealed_columns
from rollbook.core.keyring import KeyUnknown
from rollbook.privacy.about import TABLES


def opened(tenant_id: int, write: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a change of a row with its old and new values decrypted; what a retired key made stays as it is.

    Raises: ``CiphertextRefused``; ``RingMissing``.
    """
    table, change = TABLES[write["table_name"]], write["change"]
    if not sealed_columns(table):
        return dict(write)
    sides = {side: _values(tenant_id, table, change, side) for side in ("old", "new") if change.get(side)}
    return {**write, "change": {**change, **sides}}


def _values(tenant_id: int, table: Table, change: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    row, values = row_key(table, change["key"]), dict(change[side])
    for name in sealed_columns(table):
        with suppress(KeyUnknown):  # in JSON PostgreSQL writes bytes as \x and hexadecimal digits
            if str(values.get(name)).startswith("\\x"):
                sealed = bytes.fromhex(values[name][2:])
                values[name] = Column(tenant_id, table.name, name).open(row, sealed)
    return values
