"""Files of the log put into the repository: each once. One that is there is never written over by another."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from rollbook.ops.backup.errors import StreamCut, StreamDamaged, StreamForeign
from rollbook.ops.backup.frames import open_frames
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import LogDiffers
from rollbook.ops.recovery.origin import Origin
from rollbook.ops.recovery.wal_catalog import stored_name

# A server on its first timeline has no history.
_FIRST_TIMELINE: Final = 1


def keep_log(vault: Vault, system_id: int | str, name: str, content: Callable[[], Iterable[bytes]]) -> None:
    """Keep a whole file of the log, unless it is there; one that is damaged there is replaced.

    Two servers that began as one write files of the same names: of the other's, backups may be in need.
    Raises: ``LogDiffers``.
    """
    stored = stored_name(system_id, name)
    found = _digest_of(vault, stored)
    if found is None:
        vault.keep(stored, content())
    elif found != _digest(content()):
        raise LogDiffers(name=name, where=vault.repository.where)


def keep_history(vault: Vault, source: Origin, timeline: int) -> None:
    """Keep how the server's timeline came to be: a restore must not give another one the same number.

    Raises: ``LogDiffers``.
    """
    if timeline > _FIRST_TIMELINE:
        content = source.history(timeline)
        keep_log(vault, source.facts.system_id, f"{timeline:08X}.history", lambda: [content])


def _digest_of(vault: Vault, stored: str) -> str | None:
    """Return the digest of what is kept under a name; None for nothing, or for nothing that can be used."""
    if not vault.repository.exists(stored):
        return None
    try:
        return _digest(open_frames(vault.repository.get(stored), vault.ring, about=stored))
    except (StreamCut, StreamDamaged, StreamForeign):
        return None


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
