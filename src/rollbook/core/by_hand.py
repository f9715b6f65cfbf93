"""Changes that a person makes, row by row: each says when it became known, and that no import wrote it."""

from typing import Any

from rollbook.core import clock
from rollbook.core.schema import TenantOwned


def revise(row: TenantOwned, **changes: object) -> bool:
    """Give ``row`` a new version with ``changes``; return whether there was anything to change."""
    differing = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not differing:
        return False
    written: dict[str, Any] = {**differing, "known_at": clock.now(), "import_id": None}
    for name, value in written.items():
        setattr(row, name, value)
    return True
