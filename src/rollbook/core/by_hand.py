"""Changes that a person makes, row by row: each says when it became known, and that no import wrote it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table

from rollbook.core import clock
from rollbook.core.encryption import seal_version, sealed_columns
from rollbook.core.schema import TenantOwned


def revise(row: TenantOwned, **changes: object) -> bool:
    """Give ``row`` a new version with ``changes``; return whether there was anything to change.

    Texts of encrypted columns are encrypted.
    """
    given = _sealed(row, changes)
    differing = {name: value for name, value in given.items() if getattr(row, name) != value}
    if not differing:
        return False
    written: dict[str, Any] = {**differing, "known_at": clock.now(), "import_id": None}
    for name, value in written.items():
        setattr(row, name, value)
    return True


def _sealed(row: TenantOwned, changes: Mapping[str, object]) -> Mapping[str, object]:
    table = row.__table__
    assert isinstance(table, Table)
    needed = [*table.primary_key.columns.keys(), *sealed_columns(table)]
    return seal_version(table, {name: getattr(row, name) for name in needed}, changes)
