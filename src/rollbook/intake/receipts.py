"""Receipts: one row for each import, there before its first file is read, finished with its last row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from rollbook.core.clock import now
from rollbook.core.errors import NotFound
from rollbook.core.tenancy import Visibility, transaction
from rollbook.intake.models import Import, ImportState
from rollbook.intake.outcome import Outcome
from rollbook.intake.quarantine import SQL, forget_old_rejects

LOST: Final = "lost"


class ImportNotFound(NotFound):
    """There is no import {import_id} in this tenant. `rollbook import history` lists them."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An import as `rollbook import history` shows it. ``state`` lost: its process ended without a word."""

    import_id: int
    state: str
    format: str
    source: str
    who: str
    started_at: datetime
    finished_at: datetime | None
    file_name: str
    sha256: str
    files: Sequence[Any]
    counts: dict[str, Any]
    rejected: int
    accepted: Sequence[str]
    liberties: Sequence[Any]
    reason: str | None
    retry_of: int | None
    undone_at: datetime | None
    undone_by: str | None


def open_receipt(engine: Engine, main: Session, tenant_id: int, **facts: Any) -> int:  # noqa: ANN401 -- columns
    """Write a receipt in a transaction of its own, and return its id; forget rejects that are too old.

    ``main``, the import's transaction, shows from here on that its process lives.
    """
    with transaction(engine, Visibility(tenant_id)) as db:
        forget_old_rejects(db)
        receipt = Import(tenant_id=tenant_id, **facts)
        db.add(receipt)
        db.flush()
        import_id = receipt.import_id
        main.execute(SQL["lock_receipt"], {"import_id": import_id})
    return import_id


def finish(db: Session, tenant_id: int, outcome: Outcome, *, reason: str | None = None) -> None:
    """Write into the receipt what came of the import; with a ``reason`` it was refused."""
    receipt = db.get_one(Import, (tenant_id, outcome.import_id))
    receipt.state = ImportState.REFUSED if reason else ImportState.DONE
    receipt.reason = reason
    receipt.format = outcome.format
    receipt.finished_at = now()
    receipt.files = [asdict(file) for file in outcome.files]
    receipt.counts = {table: asdict(counts) for table, counts in outcome.counts.items()}
    receipt.rejected = outcome.rejected
    receipt.liberties = [asdict(liberty) for liberty in outcome.liberties]
    db.flush()


def fail(engine: Engine, tenant_id: int, import_id: int, state: ImportState, reason: str) -> None:
    """Say in the receipt, in a transaction of its own, that nothing came of the import, and why."""
    with transaction(engine, Visibility(tenant_id)) as db:
        receipt = db.get_one(Import, (tenant_id, import_id))
        receipt.state, receipt.reason, receipt.finished_at = state, reason, now()


def list_imports(db: Session, limit: int = 100) -> Sequence[Receipt]:
    """Return the tenant's receipts, the latest first."""
    living = set(db.scalars(SQL["living_imports"]))
    rows = db.scalars(select(Import).order_by(Import.import_id.desc()).limit(limit))
    return [_shown(row, living) for row in rows]


def find_import(db: Session, import_id: int) -> Import:
    """Return a receipt.

    Raises: ``ImportNotFound``.
    """
    found = db.scalar(select(Import).where(Import.import_id == import_id))
    if found is None:
        raise ImportNotFound(import_id=import_id)
    return found


def _shown(row: Import, living: set[int]) -> Receipt:
    facts = {name: getattr(row, name) for name in Receipt.__dataclass_fields__}
    if row.state is ImportState.RUNNING and row.import_id not in living:
        facts["state"] = LOST
    return Receipt(**{**facts, "state": str(facts["state"])})
