"""Bring archived rows back into their table, exactly as they were."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import psycopg
from psycopg import sql
from psycopg.errors import UniqueViolation
from sqlalchemy.orm import Session

from rollbook.core.progress import Report, Silent
from rollbook.ops.archive import catalog
from rollbook.ops.archive.catalog import Archived, owner_in
from rollbook.ops.archive.columns import Column, columns_of, converted, listed, speak_plainly
from rollbook.ops.archive.errors import ColumnsGone, MonthHasRows, MonthLeaving, RowsUnfit
from rollbook.ops.archive.exporting import BACK, Source, opened, read_checked, source_of
from rollbook.ops.archive.files import need_extra
from rollbook.ops.archive.partitions import SQL, alone, ensure, find_months, last_day, patiently
from rollbook.ops.archive.raw import execute
from rollbook.ops.archive.rewriting import forget_gone_of
from rollbook.ops.archive.rules import Keeping, Rule
from rollbook.ops.runs import noted

_SILENT: Final = Silent()
_INSERT: Final = sql.SQL("INSERT INTO public.{} ({}) SELECT {} FROM pg_temp.{}")


def restore(where: Keeping, tenant_id: int, table: str, month: date, report: Report = _SILENT) -> Archived:
    """Put a tenant's month back into its table, all or nothing; the archive no longer has it then.

    Rows of people who were erased meanwhile stay away.
    Raises: ``NothingArchived``; ``MonthLeaving``; ``MonthHasRows``; ``RowsUnfit``; ``FileMissing``;
        ``FileDamaged``; ``ColumnsGone``; ``TableBusy``; ``ArchiveBusy``; ``ExtraMissing``.
    """
    need_extra()
    url, rule = where.owner_url, where.rule_of(table)
    with noted(url, "archive.restore") as told, alone(url):
        with owner_in(url, tenant_id) as db:
            catalog.find_one(db, table, month)
            if (table, month) in {(row.table_name, row.month) for row in db.execute(SQL["detached"])}:
                raise MonthLeaving(table=table, month=f"{month:%Y-%m}")
        forget_gone_of(where, tenant_id, table, month)
        report.step(f"{table} {month:%Y-%m}")
        ensure(url, table, month, month)
        done = patiently(table, lambda: _put_back(where, rule, tenant_id, month))
        catalog.sweep(url, where.store)
        told.facts["rows"] = done.row_count
    return done


def _put_back(where: Keeping, rule: Rule, tenant_id: int, month: date) -> Archived:
    with owner_in(where.owner_url, tenant_id) as db:
        db.execute(SQL["wait_briefly"])
        speak_plainly(db)
        old = catalog.find_one(db, rule.table, month)
        (relation,) = (one.relation for one in find_months(db, rule.table) if one.first_day == month)
        source = source_of(db, where.store, old)
        columns = _columns_now(db, source, old)
        read_checked(db, where.store, source, old)
        with opened(db, relation):
            _insert(db, relation, columns, old)
        catalog.drop(db, old)
        catalog.note(db, old, "RESTORE")
        if rule.moved is not None:
            rule.moved(db, tenant_id, month, last_day(month))
        return old


def _columns_now(db: Session, source: Source, old: Archived) -> list[Column]:
    """Return the file's columns with the types that they have now; what came later gets its default.

    Raises: ``ColumnsGone``.
    """
    there = {column.name: column for column in columns_of(db, old.table_name)}
    gone = sorted(column.name for column in source.columns if column.name not in there)
    if gone:
        raise ColumnsGone(table=old.table_name, month=f"{old.month:%Y-%m}", columns=", ".join(gone))
    return [there[column.name] for column in source.columns]


def _insert(db: Session, relation: str, columns: Sequence[Column], old: Archived) -> None:
    """Insert into the partition itself, whose parent's triggers do not count rows that were there before."""
    facts = {"table": old.table_name, "month": f"{old.month:%Y-%m}"}
    names = sql.Identifier(relation), listed(columns), converted(columns)
    try:
        execute(db, _INSERT.format(*names, BACK))
    except UniqueViolation as error:
        raise MonthHasRows(**facts) from error
    except (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError) as error:
        # what it says quotes the row
        raise RowsUnfit(**facts, rule=error.diag.constraint_name or type(error).__name__) from None
