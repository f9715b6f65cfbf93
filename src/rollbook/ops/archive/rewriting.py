"""Write archived files anew: without people who were erased or whose time has passed, or with another key.

The new file is proven to have every row but those, before the old one is let go.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from sqlalchemy.orm import Session

from rollbook.core.errors import RollbookError
from rollbook.core.keyring import ring
from rollbook.core.progress import Report, Silent
from rollbook.ops.archive import catalog
from rollbook.ops.archive.catalog import Archived, owner, owner_in
from rollbook.ops.archive.checksums import Summed, checksum
from rollbook.ops.archive.columns import speak_plainly
from rollbook.ops.archive.errors import ChecksumDiffers, FileDamaged, FileMissing
from rollbook.ops.archive.exporting import BACK, Source, finish, read_back, read_checked, source_of
from rollbook.ops.archive.files import BATCH_ROWS, Place, Writer, need_extra, open_file
from rollbook.ops.archive.partitions import SQL as MONTHS
from rollbook.ops.archive.partitions import alone
from rollbook.ops.archive.raw import execute
from rollbook.ops.archive.rules import Keeping, Rule
from rollbook.ops.archive.store import Store
from rollbook.ops.runs import noted

_SILENT: Final = Silent()
_MISSING: Final = sql.SQL(
    "SELECT asked.id FROM unnest(%s::uuid[]) AS asked (id)"
    " WHERE NOT EXISTS (SELECT FROM public.{} AS there WHERE there.{} = asked.id)"
)
_LEAVE_OUT: Final = sql.SQL("DELETE FROM pg_temp.{} WHERE {} = ANY(%s::uuid[])")
Gone = dict[str, set[str]]
GoneOf = Callable[[Session, Rule, Any], Gone]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows left the archive of a table, in how many files."""

    table_name: str
    rows: int
    files: int


def forget_gone(where: Keeping, tenant_id: int | None = None, report: Report = _SILENT) -> list[Forgotten]:
    """Take out of the archive the rows of people whom the database no longer has, since they were erased.

    Of one tenant, or of all. What a run that was killed left to do, the next one does; so it is with a month
    that is still half in the database.
    Raises: ``ExtraMissing``; ``ArchiveBusy``; ``FileMissing``; ``FileDamaged``; ``RingMissing``.
    """
    return _forget(where, where.rules, tenant_id, _missing, report)


def forget_values(
    where: Keeping, tenant_id: int, table: str, column: str, values: set[UUID]
) -> list[Forgotten]:
    """Take out of the archive the rows that have one of ``values`` in ``column``: past a rule of retention.

    Raises: as ``forget_gone``.
    """
    gone = {column: set(map(str, values))}
    return _forget(where, [where.rule_of(table)], tenant_id, lambda _db, _rule, _file: gone, _SILENT)


def forget_gone_of(where: Keeping, tenant_id: int, table: str, month: date) -> None:
    """Do as ``forget_gone`` for one month, by who archives or restores already."""
    with owner_in(where.owner_url, tenant_id) as db:
        found = catalog.find(db, table, month)
    for old in found:
        _without(where, where.rule_of(table), old, _missing)


def rekey(where: Keeping, report: Report = _SILENT) -> int:
    """Write anew what is not under the key ring's primary key; return how many files that were.

    Raises: as ``forget_gone``.
    """
    need_extra()
    primary, written = ring().primary, 0
    with noted(where.owner_url, "archive.rekey") as told, alone(where.owner_url):
        for old in catalog.every(where.owner_url):
            if old.key_id != primary:
                report.step(f"{old.table_name} {old.month:%Y-%m}")
                _rewrite(where, old, {})
                written += 1
        catalog.sweep(where.owner_url, where.store)
        told.facts["files"] = written
    return written


def _forget(
    where: Keeping, rules: Sequence[Rule], tenant_id: int | None, gone_of: GoneOf, report: Report
) -> list[Forgotten]:
    by_table = {rule.table: rule for rule in rules}
    if not _settled(where, by_table, tenant_id):
        return []
    need_extra()
    told = {table: Forgotten(table, 0, 0) for table in by_table}
    unreadable: list[RollbookError] = []
    with noted(where.owner_url, "archive.forget") as run, alone(where.owner_url):
        for old in _settled(where, by_table, tenant_id):
            report.step(f"{old.table_name} {old.month:%Y-%m}")
            try:
                rows = _without(where, by_table[old.table_name], old, gone_of)
            except (FileDamaged, FileMissing) as error:  # it keeps no other from being written anew
                unreadable.append(error)
                continue
            before = told[old.table_name]
            told[old.table_name] = Forgotten(before.table_name, before.rows + rows, before.files + bool(rows))
        catalog.sweep(where.owner_url, where.store)
        run.facts["rows"] = sum(one.rows for one in told.values())
        if unreadable:
            raise unreadable[0]
    return [one for one in told.values() if one.rows]


def _settled(where: Keeping, tables: Container[str], tenant_id: int | None) -> list[Archived]:
    """Return what may be written anew: not while its month is still in the database, with the same rows."""
    with owner(where.owner_url) as db:
        leaving = {(row.table_name, row.month) for row in db.execute(MONTHS["detached"])}
    return [
        one
        for one in catalog.every(where.owner_url)
        if one.table_name in tables
        and tenant_id in (None, one.tenant_id)
        and (one.table_name, one.month) not in leaving
    ]


def _without(where: Keeping, rule: Rule, old: Archived, gone_of: GoneOf) -> int:
    """Rewrite a file if somebody in it is gone; return how many rows left it."""
    path = where.store.check(old.file, old.sha256)
    file = open_file(path, old.place)
    with owner_in(where.owner_url, old.tenant_id) as db:
        gone = gone_of(db, rule, file)
    present = {column: values for column, values in gone.items() if values and values & _values(file, column)}
    if not present:
        return 0
    return old.row_count - _rewrite(where, old, present)


def _missing(db: Session, rule: Rule, file: Any) -> Gone:  # noqa: ANN401 -- a Parquet file
    """Return by column who in a file is no longer in the tenant's table of people."""
    gone: Gone = {}
    for column, table in rule.people.items():
        asked = [UUID(value) for value in _values(file, column)]
        statement = _MISSING.format(sql.Identifier(table), sql.Identifier(column))
        gone[column] = {str(row[0]) for row in execute(db, statement, (asked,))}
    return gone


def _values(file: Any, column: str) -> set[str]:  # noqa: ANN401 -- a Parquet file
    """Return the values of a column of names, each once."""
    import pyarrow.compute as pc  # noqa: PLC0415 -- of the extra

    found: set[str] = set()
    if column not in file.schema_arrow.names:  # it came with a later migration
        return found
    for batch in file.iter_batches(BATCH_ROWS, columns=[column]):
        found.update(value for value in pc.unique(batch.column(0)).to_pylist() if value is not None)
    return found


def _rewrite(where: Keeping, old: Archived, gone: Gone) -> int:
    """Write a file anew without some rows, prove it, and let it take the old one's place; return its rows.

    Raises: ``ChecksumDiffers``.
    """
    new, store = Place.new(old.tenant_id, old.table_name, old.month), where.store
    with owner(where.owner_url) as db:
        catalog.throw_away(db, new.file)
    file = open_file(store.check(old.file, old.sha256), old.place)
    with store.writing(new.file) as path, Writer(path, new, file.schema_arrow) as written:
        for batch in file.iter_batches(BATCH_ROWS):
            written.add(_kept(batch, gone))
    _replace(where, old, new, gone)
    return written.rows


def _kept(batch: Any, gone: Gone) -> Any:  # noqa: ANN401 -- Arrow batches
    import pyarrow as pa  # noqa: PLC0415 -- of the extra
    import pyarrow.compute as pc  # noqa: PLC0415 -- likewise

    table = pa.Table.from_batches([batch])
    for column, values in gone.items():
        table = table.filter(pc.invert(pc.is_in(table[column], pa.array(values, pa.string()))))
    return table


def _replace(where: Keeping, old: Archived, new: Place, gone: Gone) -> None:
    """Prove that the new file has what the old one has without those who are gone, and keep it."""
    store = where.store
    with owner_in(where.owner_url, old.tenant_id) as db:
        speak_plainly(db)
        source = source_of(db, store, old)
        expected = _expected(db, store, source, old, gone)
        found = read_back(db, store.path(new.file), new, source)
        if found != expected:
            raise ChecksumDiffers(table=old.table_name, month=f"{old.month:%Y-%m}")
        if not found.rows:
            catalog.drop(db, old)
            return
        kept = finish(db, store, new, source, found)
        catalog.keep(db, kept)
        catalog.throw_away(db, old.file)


def _expected(db: Session, store: Store, source: Source, old: Archived, gone: Gone) -> Summed:
    """Return the checksum of what an old file has, without those who are gone."""
    read_checked(db, store, source, old)
    for column, values in gone.items():
        execute(db, _LEAVE_OUT.format(BACK, sql.Identifier(column)), (list(values),))
    return checksum(db, BACK, old.tenant_id, source.columns, source.key)
