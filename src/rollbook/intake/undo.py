"""Take an import back: every row as it was before, while nobody has touched the same rows since."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.errors import IntegrityError, ObjectNotInPrerequisiteState
from sqlalchemy.orm import Session

from rollbook.core.archived import archived_month
from rollbook.core.clock import now
from rollbook.core.errors import Conflict
from rollbook.core.tenancy import Tenant
from rollbook.intake.merge import name_import
from rollbook.intake.models import Import, ImportState
from rollbook.intake.quarantine import SQL
from rollbook.intake.receipts import find_import
from rollbook.intake.versions import Raw, Versioned, versioned_tables

_SHOWN: Final = 6


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


class ArchivedSince(Conflict):
    """Import {import_id} cannot be undone while what was written since lies in the archive: {months}.

    Bring each back first (`rollbook archive restore TABLE MONTH --yes`), then undo; the next run of the
    archive takes them again.
    """


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
    Raises: ``ImportNotFound``; ``NothingToUndo``; ``ArchivedSince``; ``TouchedSince``; ``StillReferredTo``;
    ``MonthArchived``, where a row would come back to a month that is archived.
    """
    db.execute(SQL["lock_tenant"], {"slug": tenant.slug})
    receipt = find_import(db, import_id)
    if receipt.state is not ImportState.DONE:
        raise NothingToUndo(import_id=import_id, state=receipt.state.value)
    _check_archived(db, receipt)
    with db.begin_nested() as savepoint:
        done = _take_back(db, import_id)
        # again, now that its tables are held: a month may have begun to leave meanwhile
        _check_archived(db, receipt)
        _sign(receipt, who)
        if is_dry_run:
            db.flush()
            savepoint.rollback()
    return Undone(import_id, is_dry_run, done)


def _sign(receipt: Import, who: str) -> None:
    receipt.state, receipt.undone_at, receipt.undone_by = ImportState.UNDONE, now(), who


def _check_archived(db: Session, receipt: Import) -> None:
    """See that no archived row is the import's, or may refer to what it made: such are not reached here."""
    since = {"import_id": receipt.import_id, "started_at": receipt.started_at}
    months = list(db.scalars(SQL["archived_since"], since))
    if months:
        more = f" and {len(months) - _SHOWN} more" if len(months) > _SHOWN else ""
        raise ArchivedSince(
            import_id=receipt.import_id, months=", ".join(months[:_SHOWN]) + more, archived=months
        )


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
        raise archived_month(error) or StillReferredTo(
            import_id=import_id, table=error.diag.table_name, rule=error.diag.constraint_name
        ) from None
    except ObjectNotInPrerequisiteState as error:
        raise archived_month(error) or error from None
