"""The statements that take an import back, made from the catalogue: they hold for every room's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Final

from psycopg import Connection, sql
from psycopg.rows import TupleRow
from sqlalchemy.orm import Session

from rollbook.intake.quarantine import SQL
from rollbook.intake.target import KNOWN_AT

Raw = Connection[TupleRow]
_SAME: Final = sql.SQL("{left}.{name} = {right}.{name}")


@dataclass(frozen=True, slots=True)
class Versioned:
    """A table whose rows name the import that wrote them, and which of the others refer to it."""

    name: str
    key: Sequence[str]
    columns: Sequence[str]
    is_referred_to: bool

    def _sql(self, template: str, **parts: sql.Composable) -> sql.Composed:
        names = {
            "rows": sql.Identifier(self.name),
            "history": sql.Identifier(f"{self.name}_history"),
            "before": sql.Identifier(f"undo_{self.name}"),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.key)),
        }
        return sql.SQL(template).format(**names, **parts)

    @property
    def _same_key(self) -> sql.Composed:
        return sql.SQL(" AND ").join(
            _SAME.format(left=sql.SQL("ours"), right=sql.SQL("other"), name=sql.Identifier(name))
            for name in self.key
        )

    def forget_before(self) -> sql.Composed:
        """Drop what ``find_before`` collected, for another undo in the same transaction."""
        return self._sql("DROP TABLE {before}")

    def find_before(self) -> sql.Composed:
        """Collect the versions that the import superseded or deleted, as they were before it."""
        return self._sql(
            "CREATE TEMP TABLE {before} ON COMMIT DROP AS SELECT DISTINCT ON ({key}) * FROM {history}"
            " WHERE superseded_by_import = %(import_id)s AND import_id IS DISTINCT FROM %(import_id)s"
            " ORDER BY {key}, history_id"
        )

    def count_later(self) -> sql.Composed:
        """Count the import's versions that somebody else superseded since, undone imports aside."""
        return self._sql(
            "SELECT count(*) FROM {history} WHERE import_id = %(import_id)s"
            " AND superseded_by_import IS DISTINCT FROM %(import_id)s"
            " AND NOT coalesce(superseded_by_import = ANY(%(undone)s), false)"
        )

    def count_again(self) -> sql.Composed:
        """Count the rows that the import ended and that are there again by another hand."""
        return self._sql(
            "SELECT count(*) FROM {before} AS other WHERE EXISTS (SELECT FROM {rows} AS ours"
            " WHERE {same} AND ours.import_id IS DISTINCT FROM %(import_id)s)",
            same=self._same_key,
        )

    def bring_back(self) -> sql.Composed:
        """Insert what the import deleted."""
        values = (self._value(name) for name in self.columns)
        return self._sql(
            "INSERT INTO {rows} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {before} AS other"
            " WHERE NOT EXISTS (SELECT FROM {rows} AS ours WHERE {same})",
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            values=sql.SQL(", ").join(values),
            same=self._same_key,
        )

    def take_back(self) -> sql.Composed:
        """Delete what the import made and give back what it changed; counts of both, in this order.

        In one statement, because rows may refer to rows of their own table: keys are looked at in the end.
        The update waits for the delete, so that what is unique can be given back.
        """
        others = (name for name in self.columns if name not in self.key)
        given = (sql.SQL("{} = {}").format(sql.Identifier(name), self._value(name)) for name in others)
        return self._sql(
            "WITH removed AS (DELETE FROM {rows} AS ours WHERE import_id = %(import_id)s"
            " AND NOT EXISTS (SELECT FROM {before} AS other WHERE {same}) RETURNING 1),"
            " given_back AS (UPDATE {rows} AS ours SET {given}"
            " FROM {before} AS other, (SELECT count(*) AS rows FROM removed) AS done"
            " WHERE {same} AND ours.import_id = %(import_id)s AND done.rows >= 0 RETURNING 1)"
            " SELECT (SELECT count(*) FROM removed), (SELECT count(*) FROM given_back)",
            same=self._same_key,
            given=sql.SQL(", ").join(given),
        )

    def _value(self, name: str) -> sql.Composable:
        """A version is known anew from now on: what was believed in between stays in the history."""
        return sql.SQL("now()") if name == KNOWN_AT else sql.SQL("other.{}").format(sql.Identifier(name))


def versioned_tables(db: Session) -> Sequence[Versioned]:
    """Return every table that imports write, those that are referred to before those that refer to them."""
    rows = db.execute(SQL["importable_tables"]).all()
    names = {row.name for row in rows}
    graph = {row.name: names & set(row.refers_to) for row in rows}
    referred_to = set().union(*graph.values())
    by_name: Mapping[str, Any] = {row.name: row for row in rows}
    return [
        Versioned(name, by_name[name].key, by_name[name].columns, name in referred_to)
        for name in TopologicalSorter(graph).static_order()
    ]
