"""Whether copies of a server's files make a data directory again, each file the one that was copied."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Final

from rollbook.core.errors import RollbookError
from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import RepositoryRefused, RepositoryUnreachable
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.vault import Vault
from rollbook.ops.backup.verifying import Faults, Verified, faults_of_file
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.recovery.errors import LogMissing
from rollbook.ops.recovery.lsn import parse_lsn
from rollbook.ops.recovery.physical import server_manifest
from rollbook.ops.recovery.recovering import scratch_for
from rollbook.ops.recovery.scratch import Scratch
from rollbook.ops.recovery.targets import Logs
from rollbook.ops.recovery.unpacking import check, combine, fetch_link
from rollbook.ops.recovery.wal_catalog import WalCatalog
from rollbook.ops.recovery.wal_reading import read_segment

_REPOSITORY: Final = (RepositoryUnreachable, RepositoryRefused)


@contextmanager
def copies_verified(settings: Settings, vault: Vault) -> Iterator[Faults]:
    """Lend what verifies copies of a server's files, a chain's links fetched once for all that build on them.

    What it lends raises: ``RepositoryUnreachable``; ``RepositoryRefused``.
    """
    with ExitStack() as held:
        yield _Chains(settings, vault, held).faults


class _Chains:
    """Copies put together link by link; of one chain at a time, since they take room."""

    def __init__(self, settings: Settings, vault: Vault, held: ExitStack) -> None:
        self._settings, self._vault, self._held = settings, vault, held
        self._logs = Logs(vault)
        self._base = ""
        self._scratch: Scratch | None = None
        self._links: dict[str, Path | RollbookError] = {}

    def faults(self, known: Catalog, backup: Backup) -> Iterator[str]:
        """Yield what is wrong with a copy whose chain is there."""
        try:
            self._put_together(known.chain(backup.backup_id))
            _read_log(self._vault, self._logs.of(backup), backup)
        except _REPOSITORY:
            raise
        except RollbookError as error:
            yield str(error)
        yield from faults_of_file(self._vault, backup, server_manifest(backup))

    def _put_together(self, chain: tuple[Backup, ...]) -> None:
        scratch, backup = self._scratch_of(chain[0]), chain[-1]
        with file_errors(scratch.folder):
            links = [self._link(scratch, one) for one in chain]
            if len(links) == 1:
                check(backup, scratch, links[0])
                return
            try:
                combine(backup, links, scratch)
                check(backup, scratch, scratch.data)
            finally:
                rmtree(scratch.data, ignore_errors=True)

    def _scratch_of(self, base: Backup) -> Scratch:
        if self._scratch is None or self._base != base.backup_id:
            self._held.close()
            self._scratch, self._links = None, {}
            home = home_of(self._settings)
            home.make()
            self._scratch = self._held.enter_context(scratch_for(base, self._settings, home.path))
            self._base = base.backup_id
        return self._scratch

    def _link(self, scratch: Scratch, backup: Backup) -> Path:
        if backup.backup_id not in self._links:
            self._links[backup.backup_id] = self._fetched(scratch, backup)
        link = self._links[backup.backup_id]
        if isinstance(link, RollbookError):
            raise link
        return link

    def _fetched(self, scratch: Scratch, backup: Backup) -> Path | RollbookError:
        try:
            return fetch_link(self._vault, backup, scratch)
        except _REPOSITORY:
            raise
        except RollbookError as error:
            return error


def _read_log(vault: Vault, wal: WalCatalog, backup: Backup) -> None:
    """Read the log from a copy's end to its own restore point: without it, it is not restored.

    Raises: ``LogMissing``; ``SegmentForeign``; ``StreamDamaged`` and its like.
    """
    mark = backup.facts.get("mark")
    if not mark:
        return
    first, last = ((parse_lsn(lsn) - 1) // wal.segment_bytes for lsn in (backup.end_lsn or "", mark["lsn"]))
    for number in range(first + 1, last + 1):
        segment = wal.wanted((backup.timeline or 0,), number)
        if read_segment(vault, wal, segment) is None:
            raise LogMissing(name=segment.name, backup_id=backup.backup_id)


def logs_verified(vault: Vault, known: Catalog) -> list[Verified]:
    """Read all that the repository has of the log of each server that was copied."""
    systems = {one.system_identifier: one for one in known if one.is_physical and one.system_identifier}
    return [_log_verified(vault, Logs(vault).of(one), system) for system, one in systems.items()]


def _log_verified(vault: Vault, wal: WalCatalog, system: str) -> Verified:
    every = sorted(wal.segments | wal.partials)
    vault.report.step(f"Verifying the log of {system}", len(every) * wal.segment_bytes)
    faults = []
    for segment in every:
        try:
            read_segment(vault, wal, segment)
        except _REPOSITORY:
            raise
        except RollbookError as error:
            faults.append(str(error))
    return Verified(f"log-{system}", "log", len(every) * wal.segment_bytes, tuple(faults))
