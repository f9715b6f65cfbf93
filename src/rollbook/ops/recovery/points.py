"""Named restore points: moments that a person wants to be able to go back to, such as before a big import."""

import re
from typing import Any, Final

from rollbook.core.settings import Settings
from rollbook.ops.backup.documents import keep_json, read_json
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import PointInvalid, PointTaken
from rollbook.ops.recovery.marks import point
from rollbook.ops.recovery.origin import Origin, origin
from rollbook.ops.recovery.wal_catalog import Moment, moment

POINT_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_POINTS: Final = "points"


def make_point(settings: Settings, vault: Vault, name: str) -> Moment:
    """Write the restore point ``name`` into the log, and into the repository where it lies.

    It can be restored to once the log up to it is in the repository, which `rollbook backup wal` sees to.
    Raises: ``PointInvalid``; ``PointTaken``.
    """
    if not POINT_NAME.fullmatch(name):
        raise PointInvalid(name=name)
    source = origin(settings)
    if vault.repository.exists(_stored_name(source.facts.system_id, name)):
        raise PointTaken(name=name)
    told = _write(source, name)
    keep_json(vault, _stored_name(source.facts.system_id, name), told)
    return moment(told)


def _write(source: Origin, name: str) -> dict[str, Any]:
    with source.marking() as db:
        lsn, at = point(db, name)
        db.execute("SELECT pg_switch_wal()")  # whole segments are archived
    return {"timeline": source.facts.timeline, "lsn": lsn, "at": at.isoformat()}


def find_point(vault: Vault, system_id: int, name: str) -> Moment | None:
    """Return where a restore point of ours lies; None for one that somebody else wrote."""
    stored = _stored_name(system_id, name)
    return moment(read_json(vault, stored)) if vault.repository.exists(stored) else None


def _stored_name(system_id: int, name: str) -> str:
    return f"{_POINTS}/{system_id}/{name}"
