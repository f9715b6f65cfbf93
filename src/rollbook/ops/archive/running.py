"""Take old months out of the database: detached, written to files that are proven, and only then dropped.

A run that was killed at any point is gone on with by the next: what it had detached is noted, and what it
wrote without proof is swept away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import sql
from sqlalchemy.orm import Session

from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report, Silent
from rollbook.core.tenancy import Visibility, look_through
from rollbook.ops.archive import catalog
from rollbook.ops.archive.catalog import Archived, owner, owner_in
from rollbook.ops.archive.checksums import checksum
from rollbook.ops.archive.columns import SQL as ROWS
from rollbook.ops.archive.columns import speak_plainly
from rollbook.ops.archive.errors import ChecksumDiffers, MonthDoubled, ValueUnfit
from rollbook.ops.archive.exporting import Source, opened, tenants_in, write_proven
from rollbook.ops.archive.files import Place, need_extra
from rollbook.ops.archive.partitions import (
    SQL,
    Detached,
    add_months,
    alone,
    detach,
    find_months,
    last_day,
    patiently,
)
from rollbook.ops.archive.raw import execute
from rollbook.ops.archive.rules import Keeping, Rule
from rollbook.ops.archive.store import Store
from rollbook.ops.runs import noted

_SILENT: Final = Silent()
_LOCK: Final = sql.SQL("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE")
_DROP: Final = sql.SQL("DROP TABLE public.{}")
_ATTACH: Final = sql.SQL("ALTER TABLE public.{} ATTACH PARTITION public.{} FOR VALUES FROM ({}) TO ({})")
_COUNTS: Final = sql.SQL("SELECT tenant_id, count(*) FROM public.{} GROUP BY tenant_id")


@dataclass(frozen=True, slots=True)
class Due:
    """A month that a run takes out, or the ``obstacle``. ``is_begun``: an earlier run detached it."""

    table_name: str
    month: date
    relation: str
    bytes: int = 0
    is_begun: bool = False
    obstacle: str | None = None


def due(where: Keeping, *, table: str | None = None, before: date | None = None) -> list[Due]:
    """Return the months that a run would take out, and those that it may not, the oldest first.

    Raises: ``NotArchivable``.
    """
    chosen = [where.rule_of(table)] if table else list(where.rules)
    with owner(where.owner_url) as db:
        begun = [Detached(row.table_name, row.month, row.relation) for row in db.execute(SQL["detached"])]
    known = {(one.table_name, one.month) for one in begun}
    found = [Due(one.table_name, one.month, one.relation, is_begun=True) for one in begun]
    for rule in chosen:
        months = [
            month
            for month in _months(where.owner_url, rule, before)
            if (rule.table, month.month) not in known
        ]
        why = _obstacle(where.owner_url, rule) if months else None
        found += [Due(one.table_name, one.month, one.relation, one.bytes, obstacle=why) for one in months]
    return found


def _months(owner_url: str, rule: Rule, before: date | None) -> Iterator[Due]:
    until = min(rule.before, before) if before else rule.before
    with owner(owner_url) as db:
        for month in find_months(db, rule.table):
            if month.first_day is not None and last_day(month.first_day) < until:
                yield Due(rule.table, month.first_day, month.relation, month.bytes)


def _obstacle(owner_url: str, rule: Rule) -> str | None:
    """Return why the table's rows must stay: a month is of all tenants, so one of them is enough."""
    if rule.obstacle is None:
        return None
    with owner(owner_url) as db:
        tenants = list(db.scalars(ROWS["tenants"]))
    for tenant_id in tenants:
        with owner_in(owner_url, tenant_id) as db:
            why = rule.obstacle(db, tenant_id)
        if why:
            return why
    return None


def run(
    where: Keeping, *, table: str | None = None, before: date | None = None, report: Report = _SILENT
) -> list[Archived]:
    """Archive what is due, and finish what an earlier run began; return what was put into files.

    A month that cannot be written is put back as it was, and keeps no other: it is told of at the end.
    Raises: ``ExtraMissing``; ``ArchiveBusy``; ``TableBusy``; ``FolderUnusable``; ``ChecksumDiffers``;
        ``MonthDoubled``; ``ValueUnfit``; ``RingMissing``; ``NotArchivable``.
    """
    need_extra()
    done: list[Archived] = []
    stayed: list[RollbookError] = []
    with noted(where.owner_url, "archive.run") as told, alone(where.owner_url):
        catalog.sweep(where.owner_url, where.store)
        for each in due(where, table=table, before=before):
            if each.obstacle is None:
                report.step(f"{each.table_name} {each.month:%Y-%m}")
                try:
                    done += _take_out(where, each)
                except (ChecksumDiffers, MonthDoubled, ValueUnfit) as error:
                    stayed.append(error)
        told.facts |= {"files": len(done), "rows": sum(one.row_count for one in done)}
        if stayed:
            raise stayed[0]
    return done


def _take_out(where: Keeping, each: Due) -> list[Archived]:
    month = Detached(each.table_name, each.month, each.relation)
    with owner(where.owner_url) as db:
        key = {"table_name": month.table_name, "month": month.month}
        db.execute(SQL["note_detached"], key | {"relation": month.relation})
    detach(where.owner_url, month)
    try:
        written = _export(where.owner_url, where.store, month)
    except Exception:
        _attach(where, month)
        raise
    patiently(month.table_name, lambda: _drop(where, month))
    return written


def _attach(where: Keeping, month: Detached) -> None:
    """Put a month that could not be written back into its table: the archive has none of those rows then."""

    def attach() -> None:
        with owner(where.owner_url) as db:
            db.execute(SQL["wait_briefly"])
            speak_plainly(db)
            source = Source.of(db, month.relation)
            with opened(db, month.relation):
                for tenant_id in tenants_in(db, month.relation):
                    _drop_same(db, source, month, tenant_id)
            days = sql.Literal(month.month), sql.Literal(add_months(month.month, 1))
            names = sql.Identifier(month.table_name), sql.Identifier(month.relation)
            execute(db, _ATTACH.format(*names, *days))
            db.execute(SQL["forget_detached"], {"table_name": month.table_name, "month": month.month})

    patiently(month.table_name, attach)


def _drop_same(db: Session, source: Source, month: Detached, tenant_id: int) -> None:
    """Let the archive no longer have what the month has; other rows of that month stay in the archive."""
    here = checksum(db, source.name, tenant_id, source.columns, source.key)
    look_through(db, Visibility(tenant_id))
    for known in catalog.find(db, month.table_name, month.month):
        if (known.row_count, known.checksum) == (here.rows, here.checksum):
            catalog.drop(db, known)


def _export(owner_url: str, store: Store, month: Detached) -> list[Archived]:
    """Write a file for each tenant that has rows in a detached month, where there is none yet."""
    written = []
    with owner(owner_url) as db:
        speak_plainly(db)
        source = Source.of(db, month.relation)
        if not source.columns:  # dropped by who loads attendance: it never held a row
            return []
        with opened(db, month.relation):
            for tenant_id in tenants_in(db, month.relation):
                if not _is_proven(db, (owner_url, store), source, month, tenant_id):
                    place = Place.new(tenant_id, month.table_name, month.month)
                    written.append(write_proven(db, owner_url, store, source, place))
    return written


def _is_proven(db: Session, at: tuple[str, Store], source: Source, month: Detached, tenant_id: int) -> bool:
    """Say whether a run that was killed had proven the tenant's file, and the file is still whole.

    Raises: ``MonthDoubled``, where the archive has something else of that month.
    """
    owner_url, store = at
    found = checksum(db, source.name, tenant_id, source.columns, source.key)
    with owner_in(owner_url, tenant_id) as other:
        for known in catalog.find(other, month.table_name, month.month):
            if (found.rows, found.checksum) != (known.row_count, known.checksum):
                raise MonthDoubled(table=month.table_name, month=f"{month.month:%Y-%m}")
            if store.is_whole(known.file, known.sha256):
                return True
            catalog.drop(other, known)
    return False


def _drop(where: Keeping, month: Detached) -> None:
    """Drop a detached month, if every row of it is in a file that is there; all or nothing."""
    rule = where.rule_of(month.table_name)
    with owner(where.owner_url) as db:
        db.execute(SQL["wait_briefly"])
        if db.execute(SQL["standing"], {"relation": month.relation}).scalar_one() == "detached":
            _drop_checked(db, where.store, rule, month)
        db.execute(SQL["forget_detached"], {"table_name": month.table_name, "month": month.month})


def _drop_checked(db: Session, store: Store, rule: Rule, month: Detached) -> None:
    """Check the files against the month, tell who counts its rows, and drop it, in ``db``'s transaction."""
    relation = sql.Identifier(month.relation)
    execute(db, _LOCK.format(relation))
    with opened(db, month.relation):
        counts = dict(execute(db, _COUNTS.format(relation)).fetchall())
    for tenant_id, rows in counts.items():
        look_through(db, Visibility(tenant_id))
        kept = catalog.find_one(db, month.table_name, month.month)
        store.check(kept.file, kept.sha256)
        if kept.row_count != rows:
            raise ChecksumDiffers(table=month.table_name, month=f"{month.month:%Y-%m}")
        catalog.note(db, kept, "ARCHIVE")
        if rule.moved is not None:
            rule.moved(db, tenant_id, month.month, last_day(month.month))
    execute(db, _DROP.format(relation))
