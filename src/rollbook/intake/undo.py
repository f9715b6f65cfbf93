"""Take an import back: every row as it was before, while nobody has touched the same rows since."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection
from psycopg.errors import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.clock import now
from rollbook.core.errors import Conflict
from rollbook.core.tenancy import Tenant
from rollbook.intake.merge import name_import
from rollbook.intake.models import Import, ImportState
from rollbook.intake.quarantine import SQL
from rollbook.intake.receipts import find_import
from rollbook.intake.versions import Raw, Versioned, versioned_tables


class NothingToUndo(Conflict):
    """Import {import_id} is {state}: only one that is done can be undone."""


class TouchedSince(Conflict):
    """Import {import_id} cannot be undone any more: {first}{more}. Undo the later imports first."""

    def __init__(self, import_id: int, touches: Sequence["Touch"]) -> None:
        """Name the first touch in the sentence, all in the details."""
        more = len(touches) - 1
        super().__init__(
            import_id=import_id,
            first=touches[0],
            more=f", and rows of {more} more tables" if more else "",
            touched=[asdict(touch) for touch in touches],
        )
        self.touches = touches


class StillReferredTo(Conflict):
    """Import {import_id} cannot be undone: rows of {table} refer to rows that it made ({rule}).

    Undo the import that brought those, or remove them, first.
    """


@dataclass(frozen=True, slots=True)
class Touch:
    """Rows of a table touched since: ``changed``, or there ``again`` after the import ended them."""

    table: str
    changed: int
    again: int

    def __str__(self) -> str:
        """Name the numbers."""
        counts = ((self.changed, "were changed since"), (self.again, "are there again"))
        told = " and ".join(f"{rows:,} {what}" for rows, what in counts if rows)
        return f"{self.table}: of its rows {told}"


@dataclass(frozen=True, slots=True)
class TableUndone:
    """What an undo did to a table: rows ``removed``, ``given_back`` as they were, and ``brought_back``."""

    removed: int = 0
    given_back: int = 0
    brought_back: int = 0


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did, or would do."""

    import_id: int
    is_dry_run: bool
    tables: Mapping[str, TableUndone]


def undo(db: Session, tenant: Tenant, import_id: int, *, who: str, is_dry_run: bool = False) -> Undone:
    """Take an import back in ``db``'s transaction, which sees the whole tenant.

    A dry run does it all and takes it back too, so that it knows what would stand in the way.
    Raises: ``ImportNotFound``; ``NothingToUndo``; ``TouchedSince``; ``StillReferredTo``.
    """
    db.execute(SQL["lock_tenant"], {"slug": tenant.slug})
    receipt = find_import(db, import_id)
    if receipt.state is not ImportState.DONE:
        raise NothingToUndo(import_id=import_id, state=receipt.state.value)
    with db.begin_nested() as savepoint:
        done = _take_back(db, import_id)
        _sign(receipt, who)
        if is_dry_run:
            db.flush()
            savepoint.rollback()
    return Undone(import_id, is_dry_run, done)


def _sign(receipt: Import, who: str) -> None:
    receipt.state, receipt.undone_at, receipt.undone_by = ImportState.UNDONE, now(), who


def _take_back(db: Session, import_id: int) -> Mapping[str, TableUndone]:
    db.execute(SQL["plan_for_sets"])
    tables = versioned_tables(db)
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, Connection)
    facts = {"import_id": import_id, "undone": list(db.scalars(SQL["undone_imports"]))}
    for table in tables:
        raw.execute(table.find_before(), facts)
    _check_untouched(raw, tables, facts)
    name_import(db, import_id)
    with _unless_referred_to(import_id):
        done = dict(_give_back(raw, tables, facts))
    for table in tables:
        raw.execute(table.forget_before())
    return {name: counts for name, counts in done.items() if counts != TableUndone()}


def _check_untouched(raw: Raw, tables: Sequence[Versioned], facts: Mapping[str, Any]) -> None:
    touches = [
        Touch(
            table.name, *(_count(raw, query, facts) for query in (table.count_later(), table.count_again()))
        )
        for table in tables
    ]
    touched = [touch for touch in touches if touch.changed or touch.again]
    if touched:
        raise TouchedSince(facts["import_id"], touched)


def _give_back(
    raw: Raw, tables: Sequence[Versioned], facts: Mapping[str, Any]
) -> Iterator[tuple[str, TableUndone]]:
    """First bring back what others refer to; then, children first, remove, give back and bring back."""
    brought = {
        table.name: raw.execute(table.bring_back(), facts).rowcount
        for table in tables
        if table.is_referred_to
    }
    for table in reversed(tables):
        removed, given = raw.execute(table.take_back(), facts).fetchall()[0]
        if not table.is_referred_to:
            brought[table.name] = raw.execute(table.bring_back(), facts).rowcount
        yield table.name, TableUndone(removed, given, brought[table.name])


def _count(raw: Raw, query: Any, facts: Mapping[str, Any]) -> int:  # noqa: ANN401 -- composed SQL
    return int(raw.execute(query, facts).fetchall()[0][0])


@contextmanager
def _unless_referred_to(import_id: int) -> Iterator[None]:
    """What PostgreSQL says quotes values: only the names of table and rule are told."""
    try:
        yield
    except IntegrityError as error:
        raise StillReferredTo(
            import_id=import_id, table=error.diag.table_name, rule=error.diag.constraint_name
        ) from None
