"""Marks of attendance into the database: whole months at once, keyed when they are full.

A month that already holds somebody's rows takes them one by one.
"""

from datetime import date
from typing import Any, Final

from psycopg import Cursor, sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.demo.binary import encode_as_they_are
from rollbook.demo.facts import Columns

TABLE: Final = "attendance_records"
# As the table's own columns are: a load's table is filled without a stop between.
TYPES: Final = {"student_id": "V16", "date": ">i4", "period": ">i2", "minutes_late": ">i2", "known_at": ">i8"}
COLUMNS: Final = ("student_id", "date", "period", "status", "minutes_late", "reason", "known_at")
_SQL: Final = named_sql("rollbook.attendance", "bulk.sql")
_MONTHS: Final = text(f"SELECT rollbook_ensure_months('{TABLE}', :since, :until)")


def ensure_months(db: Session, since: date, until: date) -> None:
    """Make the months that got no mark, for those that come later."""
    db.execute(_MONTHS, {"since": since, "until": until})


class MarksLoad:
    """A load of the marks of ``since`` to ``until``; they are there when it is finished."""

    def __init__(self, db: Session, cursor: Cursor[Any], since: date, until: date) -> None:
        self._db, self._cursor = db, cursor
        self._table: str = db.execute(_SQL["begin_load"], {"since": since, "until": until}).scalar_one()

    def add(self, rows: Columns) -> int:
        """Fill in ``rows``; return how many they are."""
        columns = {name: rows[name] for name in COLUMNS}
        copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(self._table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        )
        with self._cursor.copy(copy) as stream:
            for chunk in encode_as_they_are(columns, TYPES):
                stream.write(chunk)
        return self._cursor.rowcount

    def finish(self) -> None:
        """Build the keys and make the months part of attendance."""
        self._db.execute(_SQL["key_load"])
        months = self._db.execute(_SQL["attach_load"], {"import_id": None}).all()
        if not all(month.is_attached for month in months):
            self._insert_the_rest()
        self._db.execute(_SQL["drop_load"])

    def _insert_the_rest(self) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, ("tenant_id", *COLUMNS)))
        self._cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
                sql.Identifier(TABLE), columns, columns, sql.Identifier(self._table)
            )
        )
