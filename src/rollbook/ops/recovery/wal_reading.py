"""Files of the log read from the repository, each opened and seen to be what it is called."""

from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.lsn import HISTORY_NAME, NAME, PARTIAL, Segment, parse_segment
from rollbook.ops.recovery.wal_catalog import Line, WalCatalog, stored_name


def read_segment(vault: Vault, wal: WalCatalog, segment: Segment) -> bytes | None:
    """Return a segment, as far as it is there; None if nothing of it is.

    Raises: ``SegmentForeign``; ``StreamDamaged`` and its like.
    """
    if segment in wal.segments:
        content = _read(vault, wal, segment.name)
    elif segment in wal.partials:
        content = _read(vault, wal, segment.name + PARTIAL)
    else:
        return None
    segment.check(content, wal.system_id)
    return content


def _read(vault: Vault, wal: WalCatalog, name: str) -> bytes:
    return vault.patience.insist(lambda: b"".join(vault.open(stored_name(wal.system_id, name))))


class LogFeed:
    """Hands a server that recovers the files that it asks for, of one line of timelines."""

    def __init__(self, vault: Vault, wal: WalCatalog) -> None:
        self._vault, self._wal = vault, wal
        self.line: Line = ()

    def __call__(self, name: str) -> bytes | None:
        """Return the file; None if it is not there, or of another line.

        Of a segment within which a timeline was left, PostgreSQL would replay what came on that one later.
        """
        if HISTORY_NAME.fullmatch(name):
            is_known = int(name[:8], 16) in self._wal.forks
            return _read(self._vault, self._wal, name) if is_known else None
        if not NAME.fullmatch(name):
            return None
        segment = parse_segment(name, self._wal.segment_bytes)
        shared = self._wal.shared(self.line, segment)
        content = read_segment(self._vault, self._wal, segment) if shared else None
        return content and content[:shared].ljust(segment.size, b"\0")
