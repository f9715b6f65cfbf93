"""Typed rows with encrypted columns: sealed for their rows, as sets, before they are compared with ours.

A value that is as it was keeps its bytes, whichever key they are under, so an import writes what changed and
no more, also while keys are rotated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.core.encryption import Column, sealed_columns
from rollbook.core.keyring import ring
from rollbook.intake.target import Target

_BATCH: Final = 5_000
Row = tuple[Any, ...]


def seal_rows(db: Session, target: Target, tenant_id: int) -> None:
    """Turn the texts of encrypted columns in ``target``'s incoming table into ciphertext.

    Raises: ``RingMissing``, if there is any such text.
    """
    columns = [name for name in (*target.compared, *target.inserted) if name in sealed_columns(target.table)]
    if not columns:
        return
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, Connection)
    _Sealing(raw, target, tenant_id, columns).run()


@dataclass(frozen=True, slots=True)
class _Sealing:
    """Text goes out through a cursor and comes back as ciphertext by COPY: no statement for a single row."""

    raw: "Connection[Row]"
    target: Target
    tenant_id: int
    columns: Sequence[str]

    def run(self) -> None:
        self.raw.execute(
            self._sql(
                "CREATE TEMP TABLE {made} ON COMMIT DROP AS SELECT {key}, {typed} FROM {table} WITH NO DATA"
            )
        )
        for batch in self._batches():
            known = ring()
            columns = [Column(self.tenant_id, self.target.name, name, known) for name in self.columns]
            self._copy(_sealed(columns, row) for row in batch)
        self.raw.execute(self._sql("ALTER TABLE {incoming} {emptied}"))
        self.raw.execute(
            self._sql(
                "UPDATE {incoming} AS rows SET {given} FROM {made} AS made WHERE rows.{key} = made.{key}"
            )
        )
        self.raw.execute(self._sql("DROP TABLE {made}"))

    @property
    def _key(self) -> str:
        """The column whose value, with the tenant, says which row a value is sealed for."""
        (key,) = (c.name for c in self.target.table.primary_key.columns if c.name != "tenant_id")
        assert key in self.target.key, f"{self.target.name}: encrypted columns need the row's id"
        return key

    def _batches(self) -> Iterator[list[Row]]:
        """Yield rows that have a value: their key, then what comes, then what is there."""
        with self.raw.cursor(name="rollbook_to_seal") as cursor:
            cursor.execute(
                self._sql(
                    "SELECT rows.{key}::text, {theirs}, {ours}"
                    " FROM {incoming} AS rows"
                    " LEFT JOIN {table} AS ours ON ours.tenant_id = %s AND ours.{key} = rows.{key}"
                    " WHERE num_nonnulls({theirs}) > 0"
                ),
                [self.tenant_id],
            )
            while batch := cursor.fetchmany(_BATCH):
                yield batch

    def _copy(self, rows: Iterator[Row]) -> None:
        with self.raw.cursor() as cursor, cursor.copy(self._sql("COPY {made} FROM STDIN")) as copy:
            for row in rows:
                copy.write_row(row)

    def _sql(self, template: str) -> sql.Composed:
        return sql.SQL(template).format(
            made=sql.Identifier(f"sealing_{self.target.name}"),
            incoming=sql.Identifier(self.target.incoming),
            table=sql.Identifier(self.target.name),
            key=sql.Identifier(self._key),
            typed=self._each("NULL::bytea AS {name}"),
            emptied=self._each("ALTER {name} TYPE bytea USING NULL"),
            given=self._each("{name} = made.{name}"),
            theirs=self._each("rows.{name}"),
            ours=self._each("ours.{name}"),
        )

    def _each(self, template: str) -> sql.Composed:
        return sql.SQL(", ").join(
            sql.SQL(template).format(name=sql.Identifier(name)) for name in self.columns
        )


def _sealed(columns: Sequence[Column], row: Row) -> Row:
    """Return the key and the ciphertexts of a row of ``_batches``."""
    key, texts, ours = row[0], row[1 : 1 + len(columns)], row[1 + len(columns) :]
    values = zip(columns, texts, ours, strict=True)
    return (key, *(None if text is None else one.seal(key, text, like=old) for one, text, old in values))
