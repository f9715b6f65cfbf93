"""pg_basebackup as a stream: its tar, what it complains of, and the manifest that the server wrote."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rollbook.ops.recovery.errors import BaseBackupFailed, IncrementalImpossible
from rollbook.ops.recovery.origin import Origin, said
from rollbook.ops.recovery.tarring import CHUNK_BYTES, Watched

SERVER_MANIFEST: Final = "backup_manifest"
_LABEL: Final = "rollbook"
_ENDS_WITHIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class Range:
    """The stretch of the log that a backup cannot be used without."""

    timeline: int
    start_lsn: str
    end_lsn: str


class BaseStream:
    """A running pg_basebackup. Iterate it to its end; then ``manifest`` and ``range`` are there."""

    def __init__(self, process: "subprocess.Popen[bytes]", complaints: Path, *, is_incremental: bool) -> None:
        self._process, self._complaints = process, complaints
        self._is_incremental = is_incremental
        self._watched = Watched(SERVER_MANIFEST)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the tar.

        Raises: ``BaseBackupFailed``, also after the last chunk: then nothing of it may be kept;
        ``IncrementalImpossible``.
        """
        yield from self._watched.through(self._chunks())
        reason = said(self._complaints.read_text(encoding="utf-8", errors="replace").splitlines())
        if self._process.wait(_ENDS_WITHIN_S) != 0:
            raise (IncrementalImpossible if self._is_incremental else BaseBackupFailed)(reason=reason)
        if self._watched.content is None:
            raise BaseBackupFailed(reason="the server's manifest is not in it")

    def _chunks(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        while chunk := self._process.stdout.read(CHUNK_BYTES):
            yield chunk

    @property
    def manifest(self) -> bytes:
        """What the server wrote of every file and its checksum."""
        assert self._watched.content is not None
        return self._watched.content

    @property
    def range(self) -> Range:
        """The stretch of the log from its beginning to its end."""
        last: dict[str, Any] = json.loads(self.manifest)["WAL-Ranges"][-1]
        first: dict[str, Any] = json.loads(self.manifest)["WAL-Ranges"][0]
        return Range(int(last["Timeline"]), first["Start-LSN"], last["End-LSN"])


@contextmanager
def base_stream(source: Origin, on_top_of: bytes | None = None) -> Iterator[BaseStream]:
    """Copy the server's files as a tar; only what changed since ``on_top_of``, a backup's manifest."""
    with tempfile.TemporaryDirectory(prefix="rollbook-base-") as folder, _kept_log(source):
        complaints = Path(folder, "complaints")
        options = [
            "--pgdata=-",
            "--format=tar",
            "--wal-method=fetch",
            "--checkpoint=fast",
            f"--label={_LABEL}",
        ]
        if on_top_of is not None:
            earlier = Path(folder, SERVER_MANIFEST)
            earlier.write_bytes(on_top_of)
            options.append(f"--incremental={earlier}")
        with complaints.open("wb") as log:
            process = source.start("pg_basebackup", *options, stdout=subprocess.PIPE, stderr=log)
        try:
            yield BaseStream(process, complaints, is_incremental=on_top_of is not None)
        finally:
            _end(process)


@contextmanager
def _kept_log(source: Origin) -> Iterator[None]:
    """Have the server keep its log from here on, until the copy is made: the slot ends with us."""
    with source.connected() as db:
        db.execute("SELECT pg_create_physical_replication_slot('rollbook_' || pg_backend_pid(), true, true)")
        yield


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
