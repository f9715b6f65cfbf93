"""Backups as jobs of the worker: made, thinned out, and proven by what Rollbook asks of a restored one."""

from rollbook.core import clock
from rollbook.core.progress import Silent
from rollbook.core.settings import settings
from rollbook.ops.backup import smoke
from rollbook.ops.backup.noting import noted_if_possible
from rollbook.ops.runs import Noted
from rollbook.reporting.smoke import look_over

_SILENT = Silent()


def create(run: Noted) -> None:
    """Copy the server's files, or what changed in them since the last time."""
    from rollbook.ops.backup import physical  # noqa: PLC0415 -- each job loads its own
    from rollbook.ops.backup.vault import open_vault  # noqa: PLC0415 -- as above

    with noted_if_possible(settings(), "backup.create") as own:
        made = physical.create(settings(), open_vault(settings(), _SILENT, tell=lambda _: None))
        own.facts |= {"backup_id": made.backup_id, "kind": made.kind, "bytes": made.bytes}
    run.facts |= own.facts


def prune(run: Noted) -> None:
    """Let old backups go, and the log that only they needed."""
    from rollbook.ops.backup.retention import Retention  # noqa: PLC0415 -- as above
    from rollbook.ops.backup.retention import prune as thin_out  # noqa: PLC0415 -- as above
    from rollbook.ops.backup.vault import open_vault  # noqa: PLC0415 -- as above
    from rollbook.ops.backup.wal_catalog import expendable_wal  # noqa: PLC0415 -- as above

    rule = Retention(count=settings().backup_keep_count, days=settings().backup_keep_days)
    with noted_if_possible(settings(), "backup.prune") as own:
        gone = thin_out(open_vault(settings()), rule, clock.now(), wal=expendable_wal)
        own.facts |= {"backups": len(gone.backups), "bytes": gone.bytes}
    run.facts |= own.facts


def drill(run: Noted) -> None:
    """Prove the newest backup by restoring it in private."""
    from rollbook.ops.backup.drilling import held_drill  # noqa: PLC0415 -- as above
    from rollbook.ops.backup.vault import open_vault  # noqa: PLC0415 -- as above

    smoke.hand_in(look_over)
    proof = held_drill(settings(), open_vault(settings()), "latest")
    run.facts |= {"backup_id": proof.backup_id, "rto_s": proof.rto_s, "rpo_s": proof.rpo_s}
    run.has_findings = not proof.is_proven
