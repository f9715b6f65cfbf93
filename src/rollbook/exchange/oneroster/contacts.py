"""How people are reached, decrypted for the export: into a temporary table, gone with the transaction."""

from typing import Any, Final, cast

from psycopg import Connection
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from rollbook.core.encryption import open_row, sealed_columns
from rollbook.core.sql import named_sql
from rollbook.intake.target import table_of
from rollbook.roster.models import Student
from rollbook.roster.models_families import Guardian

SQL: Final = named_sql("rollbook.exchange.oneroster", "export_ids.sql")
_BATCH: Final = 5_000
_COPY: Final = "COPY export_contacts (kind, entity_id, email, phone) FROM STDIN"
_EXPORTED: Final = ("email", "phone")


def make_contacts(db: Session, tenant_id: int) -> None:
    """Fill ``export_contacts`` with what the bundle has of encrypted columns.

    Raises: as ``Column.open``.
    """
    db.execute(SQL["make_contacts"])
    _add(db, tenant_id, table_of(Student), "student_id")
    _add(db, tenant_id, table_of(Guardian), "guardian_id")


def _add(db: Session, tenant_id: int, people: Table, key: str) -> None:
    names = [name for name in sealed_columns(people) if name in _EXPORTED]
    reached = select(people.c[key], *(people.c[name] for name in names)).where(
        people.c.tenant_id == tenant_id, func.num_nonnulls(*(people.c[name] for name in names)) > 0
    )
    raw = cast("Connection[Any]", db.connection().connection.driver_connection)
    rows = db.execute(reached, execution_options={"yield_per": _BATCH}).mappings()
    for batch in rows.partitions():
        with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in batch:
                told = open_row(tenant_id, people.name, row[key], {name: row[name] for name in names})
                copy.write_row((people.name, row[key], *(told.get(name) for name in _EXPORTED)))
