"""Whether a physical backup can be made a data directory again, each file the one that was copied."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rollbook.core.errors import RollbookError
from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import RepositoryRefused, RepositoryUnreachable
from rollbook.ops.backup.manifest import Backup
from rollbook.ops.backup.vault import Vault
from rollbook.ops.backup.verifying import Verified
from rollbook.ops.embedded import home_of
from rollbook.ops.recovery.recovering import unpacked
from rollbook.ops.recovery.targets import Target, plan


def with_chains(settings: Settings, vault: Vault, found: Sequence[Verified]) -> list[Verified]:
    """Add what unpacking finds to what reading the files found; not of what is faulty already."""
    physical = {one.backup_id: one for one in vault.catalog() if one.is_physical}
    return [
        replace(one, faults=(*one.faults, *faults_of_chain(settings, vault, physical[one.backup_id])))
        if one.is_whole and one.backup_id in physical
        else one
        for one in found
    ]


def faults_of_chain(settings: Settings, vault: Vault, backup: Backup) -> Iterator[str]:
    """Yield what is wrong with a physical backup: put together, checked by PostgreSQL, its log complete.

    Raises: ``RepositoryUnreachable``; ``RepositoryRefused``.
    """
    home = home_of(settings)
    home.make()
    try:
        found = plan(vault, backup.backup_id, Target("end"))
        if (missing := found.missing_log()) is not None:
            yield f"{missing} of the log, which it ends with, is missing."
        with unpacked(vault, found, settings, home.path):
            pass
    except (RepositoryUnreachable, RepositoryRefused):
        raise
    except RollbookError as error:
        yield str(error)
