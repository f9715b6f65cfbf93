"""Typed rows with encrypted columns: sealed for their rows, as sets, before they are compared with ours.

A value that is as it was keeps its bytes, whichever key they are under, so an import writes what changed and
no more, also while keys are rotated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.core.encryption import Column, sealed_columns
from rollbook.core.keyring import ring
from rollbook.intake.target import Target

_BATCH: Final = 5_000
# As COPY's text writes them.
_NULL: Final = "\\N"
_HEX: Final = "\\\\x"
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
    found = raw.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(target.incoming)))
    every = [column.name for column in found.description or ()]
    _Sealing(raw, target, tenant_id, columns, every).run()


@dataclass(frozen=True, slots=True)
class _Sealing:
    """Text goes out through a cursor and comes back as ciphertext by COPY: no statement for a single row.

    The incoming table is then written anew, once, with ciphertext in place of text: rows are known by where
    they stand, as nothing else touches the table meanwhile.
    """

    raw: "Connection[Row]"
    target: Target
    tenant_id: int
    columns: Sequence[str]
    every: Sequence[str]

    def run(self) -> None:
        self._do("CREATE TEMP TABLE {made} (place tid, {typed}) ON COMMIT DROP")
        for batch in self._batches():
            known = ring()
            columns = [Column(self.tenant_id, self.target.name, name, known) for name in self.columns]
            self._copy("".join(_line(columns, row) for row in batch))
        self._do(
            "CREATE TEMP TABLE {sealed} ON COMMIT DROP AS"
            " SELECT {every} FROM {incoming} AS rows LEFT JOIN {made} AS made ON made.place = rows.ctid"
        )
        self._do("DROP TABLE {incoming}, {made}")
        self._do("ALTER TABLE {sealed} RENAME TO {incoming}")

    @property
    def _key(self) -> str:
        """The column whose value, with the tenant, says which row a value is sealed for."""
        (key,) = (c.name for c in self.target.table.primary_key.columns if c.name != "tenant_id")
        assert key in self.target.key, f"{self.target.name}: encrypted columns need the row's id"
        return key

    def _batches(self) -> Iterator[list[Row]]:
        """Yield rows that have a value: their place and key, then what comes, then what is there."""
        query = (
            "SELECT rows.ctid::text, rows.{key}::text, {theirs}, {ours}"
            " FROM {incoming} AS rows"
            " LEFT JOIN {table} AS ours ON ours.tenant_id = %s AND ours.{key} = rows.{key}"
            " WHERE num_nonnulls({theirs}) > 0"
        )
        with self.raw.cursor(name="rollbook_to_seal") as cursor:
            cursor.execute(self._sql(query), [self.tenant_id], binary=True)
            while batch := cursor.fetchmany(_BATCH):
                yield batch

    def _copy(self, lines: str) -> None:
        with self.raw.cursor() as cursor, cursor.copy(self._sql("COPY {made} FROM STDIN")) as copy:
            copy.write(lines)

    def _do(self, template: str) -> None:
        self.raw.execute(self._sql(template))

    def _sql(self, template: str) -> sql.Composed:
        return sql.SQL(template).format(
            made=sql.Identifier(f"sealing_{self.target.name}"),
            sealed=sql.Identifier(f"sealed_{self.target.name}"),
            incoming=sql.Identifier(self.target.incoming),
            table=sql.Identifier(self.target.name),
            key=sql.Identifier(self._key),
            typed=_each("{} bytea", self.columns),
            theirs=_each("rows.{}", self.columns),
            ours=_each("ours.{}", self.columns),
            every=sql.SQL(", ").join(
                sql.Identifier("made" if name in self.columns else "rows", name) for name in self.every
            ),
        )


def _each(template: str, names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)


def _line(columns: Sequence[Column], row: Row) -> str:
    """Return the place and the ciphertexts of a row of ``_batches``, as COPY reads them."""
    place, key, texts, ours = row[0], row[1], row[2 : 2 + len(columns)], row[2 + len(columns) :]
    values = zip(columns, texts, ours, strict=True)
    made = (
        _NULL if text is None else _HEX + one.seal(key, text, like=old).hex() for one, text, old in values
    )
    return "\t".join((place, *made)) + "\n"
