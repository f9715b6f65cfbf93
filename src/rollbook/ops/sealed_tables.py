"""Tables with encrypted columns, found in the catalogue, and the statements that read and rewrite these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.core.encryption import Column, header_of, key_of
from rollbook.core.errors import RollbookError
from rollbook.core.keyring import ring
from rollbook.core.sql import named_sql

SQL: Final = named_sql("rollbook.ops", "rekeying.sql")
Raw = Connection[tuple[Any, ...]]
Key = tuple[Any, ...]


class Stored(NamedTuple):
    """A row of a batch: where it is, and its ciphertexts."""

    key: Key
    row: Key
    sealed: Sequence[bytes | None]


class Usage(NamedTuple):
    """How many values of a tenant's column a key encrypts; ``key_id`` "" is plain text."""

    tenant_id: int
    table: str
    column: str
    key_id: str
    values: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A batch: rows read, values under another key now, values that could not be read, and where it ended."""

    rows: int
    values: int
    unreadable: int
    last: Key | None


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table whose ``columns`` are encrypted for the row of ``of_table`` with ``row_key``."""

    name: str
    of_table: str
    columns: Sequence[str]
    key: Sequence[str]
    key_types: Sequence[str]
    row_key: Sequence[str]

    def usage(self, raw: Raw, tenant_id: int) -> Iterator[Usage]:
        """Count the tenant's values by column and key."""
        for column in self.columns:
            name = sql.Identifier(column)
            query = sql.SQL(
                "SELECT substr({column}, 1, 5), count(*) FROM {table}"
                " WHERE tenant_id = %s AND {column} IS NOT NULL AND get_byte({column}, 0) = 1 GROUP BY 1"
                " UNION ALL SELECT '\\x00', count(*) FROM {table}"
                " WHERE tenant_id = %s AND {column} IS NOT NULL AND get_byte({column}, 0) = 0"
                " HAVING count(*) > 0"
            ).format(column=name, table=sql.Identifier(self.name))
            for header, values in raw.execute(query, [tenant_id, tenant_id]).fetchall():
                yield Usage(tenant_id, self.name, column, key_of(header), values)

    def rewrite(self, raw: Raw, tenant_id: int, key_id: str, after: Key | None, size: int) -> Rewritten:
        """Encrypt up to ``size`` rows after ``after`` with the ring's primary key, ``key_id``.

        A row that somebody changed meanwhile stays as they left it: a later pass looks at it again.
        """
        found = [self._stored(values) for values in raw.execute(*self._find(tenant_id, key_id, after, size))]
        if not found:
            return Rewritten(0, 0, 0, None)
        known = ring()
        columns = [Column(tenant_id, self.of_table, name, known) for name in self.columns]
        renewed = [_renew(columns, stored) for stored in found]
        values = sum(
            old != new for stored, row in zip(found, renewed, strict=True) for old, new in _pairs(stored, row)
        )
        self._swap(raw, tenant_id, found, renewed)
        stale = sum(_is_stale(value, key_id) for row in renewed for value in row)
        return Rewritten(len(found), values, stale, found[-1].key)

    def _find(
        self, tenant_id: int, key_id: str, after: Key | None, size: int
    ) -> tuple[sql.Composed, dict[str, Any]]:
        stale = sql.SQL(" OR ").join(
            sql.SQL("(substr({0}, 1, 5) <> %(header)s)").format(sql.Identifier(name)) for name in self.columns
        )
        later = (
            sql.SQL("({}) > ({})").format(_names(self.key), self._types("after"))
            if after
            else sql.SQL("true")
        )
        query = sql.SQL(
            "SELECT {every} FROM {table} WHERE tenant_id = %(tenant)s AND ({stale}) AND {later}"
            " ORDER BY {key} LIMIT %(size)s"
        ).format(
            every=_names([*self.key, *self.row_key, *self.columns]),
            table=sql.Identifier(self.name),
            stale=stale,
            later=later,
            key=_names(self.key),
        )
        facts = {f"after{nr}": value for nr, value in enumerate(after or ())}
        return query, {"tenant": tenant_id, "header": header_of(key_id), "size": size, **facts}

    def _types(self, prefix: str) -> sql.Composed:
        """Return a placeholder for each column of the key, cast to its type."""
        return sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Placeholder(f"{prefix}{nr}"), sql.SQL(kind))
            for nr, kind in enumerate(self.key_types)
        )

    def _stored(self, values: tuple[Any, ...]) -> Stored:
        key, row = len(self.key), len(self.key) + len(self.row_key)
        return Stored(values[:key], values[key:row], values[row:])

    def _swap(
        self, raw: Raw, tenant_id: int, found: Sequence[Stored], renewed: Sequence[Sequence[bytes | None]]
    ) -> None:
        """Write the new values where the old ones are still there."""
        keys, olds, news = self._aliases("key", self.key), self._aliases("old"), self._aliases("new")
        arrays = [f"{kind}[]" for kind in self.key_types] + ["bytea[]"] * (2 * len(self.columns))
        places = sql.SQL(", ").join(sql.SQL("%s::{}").format(sql.SQL(kind)) for kind in arrays)
        given = _matched(self.columns, news, sql.SQL("{} = batch.{}"), sql.SQL(", "))
        same = _matched(self.key, keys, sql.SQL("ours.{} = batch.{}"), sql.SQL(" AND "))
        unchanged = _matched(
            self.columns, olds, sql.SQL("ours.{} IS NOT DISTINCT FROM batch.{}"), sql.SQL(" AND ")
        )
        statement = sql.SQL(
            "UPDATE {table} AS ours SET {given} FROM unnest({places}) AS batch ({names})"
            " WHERE ours.tenant_id = %s AND {same} AND {unchanged}"
        ).format(
            table=sql.Identifier(self.name),
            given=given,
            places=places,
            names=_names([*keys, *olds, *news]),
            same=same,
            unchanged=unchanged,
        )
        columns = [
            *zip(*(one.key for one in found), strict=True),
            *zip(*(one.sealed for one in found), strict=True),
        ]
        raw.execute(statement, [*map(list, [*columns, *zip(*renewed, strict=True)]), tenant_id])

    def _aliases(self, prefix: str, of: Sequence[str] | None = None) -> list[str]:
        return [f"{prefix}_{name}" for name in of or self.columns]


def find_tables(db: Session) -> list[SealedTable]:
    """Return every table with encrypted columns."""
    return [SealedTable(*row) for row in db.execute(SQL["sealed_tables"])]


def _renew(columns: Sequence[Column], stored: Stored) -> Sequence[bytes | None]:
    row = ",".join(map(str, stored.row))
    return [_renewed(column, row, sealed) for column, sealed in zip(columns, stored.sealed, strict=True)]


def _renewed(column: Column, row: str, sealed: bytes | None) -> bytes | None:
    """Return the value under the primary key; as it was where it cannot be read."""
    try:
        text = column.open(row, sealed)
    except RollbookError:
        return sealed
    return None if text is None else column.seal(row, text)


def _is_stale(value: bytes | None, key_id: str) -> bool:
    return value is not None and key_of(value) != key_id


def _pairs(stored: Stored, renewed: Sequence[bytes | None]) -> Iterator[tuple[bytes | None, bytes | None]]:
    return zip(stored.sealed, renewed, strict=True)


def _matched(names: Sequence[str], theirs: Sequence[str], form: sql.SQL, by: sql.SQL) -> sql.Composed:
    return by.join(
        form.format(sql.Identifier(ours), sql.Identifier(other))
        for ours, other in zip(names, theirs, strict=True)
    )


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
