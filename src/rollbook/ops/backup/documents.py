"""Files of a backup, known by their digest; small documents beside them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rollbook.ops.backup.errors import FileChanged
from rollbook.ops.backup.frames import open_frames
from rollbook.ops.backup.repository import Measure, Stored
from rollbook.ops.backup.vault import Vault


def whole(vault: Vault, stored: Stored, backup_id: str) -> Iterator[bytes]:
    """Yield a backup's file, opened; at its end it is the one that its manifest names, or refused.

    Raises: ``FileChanged``; ``StreamDamaged`` and its like.
    """
    measured = Measure(vault.repository.get(stored.name))
    yield from vault.watched(open_frames(measured, vault.ring, about=stored.name))
    if measured.stored(stored.name) != stored:
        raise FileChanged(name=stored.name, backup_id=backup_id, reason="its digest differs")


def keep_json(vault: Vault, name: str, told: Mapping[str, Any]) -> Stored:
    """Keep a small document."""
    return vault.keep(name, [json.dumps(told, default=str).encode()])


def read_json(vault: Vault, name: str) -> dict[str, Any]:
    """Return a small document."""
    told: dict[str, Any] = json.loads(b"".join(vault.open(name)))
    return told
