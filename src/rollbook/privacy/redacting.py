"""Take values out of the log of writes, whoever says which: an erasure, or a rule of retention."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.privacy", "redaction.sql")


def redact_writes(
    db: Session, tenant_id: int, erasure_id: int, mark: TextClause, facts: Mapping[str, object]
) -> int:
    """Take out of the log of writes what ``mark`` marks, and return how many changes. ``db`` is the owner's.

    ``mark`` inserts into redaction_marks; ``facts`` are what it takes beside the tenant.
    """
    ours = {"tenant_id": tenant_id}
    for query in ("make_marks", "forget_marks"):
        db.execute(_SQL[query])
    db.execute(mark, ours | dict(facts))
    redacted: int = db.execute(_SQL["redact_marked"], ours | {"erasure_id": erasure_id}).scalar_one()
    return redacted
