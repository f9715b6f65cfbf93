"""See what a statement does: run it on an empty copy, and read which locks, files and scans that took.

Each statement is a transaction of its own here: locks that an earlier one holds would hide those of a later.
"""

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, event

from rollbook.ops.lens.statements import bare, rule_of, split

# From the weakest to the strongest.
MODES: Final = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_TABLES: Final = """
SELECT
    pg_class.oid::bigint, pg_class.oid::regclass::text,
    coalesce(pg_relation_filenode(pg_class.oid), 0)::bigint,
    (coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::bigint
FROM pg_class LEFT JOIN pg_stat_xact_user_tables ON relid = pg_class.oid
WHERE relkind IN ('r', 'p', 'm', 'v') AND pg_class.relpersistence <> 't' AND relnamespace NOT IN (
    'pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'information_schema'::regnamespace
)
"""
_INDEXES: Final = """
SELECT indexrelid::bigint, indrelid::bigint, coalesce(pg_relation_filenode(indexrelid), 0)::bigint
FROM pg_index INNER JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
"""
_LOCKS: Final = """
SELECT relation::bigint, mode FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
"""
_QUIET: Final = ("SET ", "SHOW ", "SELECT ", "COMMENT ", "GRANT ", "REVOKE ")

_Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement does to tables that were there before.

    Shape:  ``locks`` the strongest lock by table; ``rewritten`` tables whose files it replaced; ``scanned``
    those it read; ``built`` those it made an index on; ``by_rule``: it ran in no transaction, so that its
    locks could not be seen, and a rule says them.
    """

    statement: str
    locks: dict[str, str]
    rewritten: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    built: tuple[str, ...] = ()
    by_rule: bool = False

    @property
    def is_quiet(self) -> bool:
        """Say whether it is none of anybody's business: it waits for nobody, and nobody for it."""
        kind = self.statement.upper()
        if kind.startswith(("INSERT INTO ALEMBIC_VERSION", "UPDATE ALEMBIC_VERSION", "DELETE FROM ALEMBIC_")):
            return True
        weak = all(MODES.index(mode) <= 1 for mode in self.locks.values())
        return weak and kind.startswith(_QUIET)


@dataclass(frozen=True, slots=True)
class _Picture:
    """The catalogue at a moment: names, files and scans by table; table and file by index."""

    names: dict[int, str]
    files: dict[int, int]
    scans: dict[int, int]
    indexes: dict[int, tuple[int, int]]


def observe(driver: _Driver, statement: str, known: frozenset[int] | None = None) -> Effect:
    """Run ``statement`` in the open transaction; say what it did to ``known`` tables (None: all)."""
    before = _take(driver)
    driver.execute(statement.encode(), {})
    return _compare(driver, statement, before, known)


def tables(driver: _Driver) -> frozenset[int]:
    """Return the tables that are there."""
    return frozenset(_take(driver).names)


def _take(driver: _Driver) -> _Picture:
    found = driver.execute(_TABLES).fetchall()
    return _Picture(
        names={oid: name for oid, name, _, _ in found},
        files={oid: file for oid, _, file, _ in found},
        scans={oid: scans for oid, _, _, scans in found},
        indexes={index: (table, file) for index, table, file in driver.execute(_INDEXES).fetchall()},
    )


def _compare(driver: _Driver, statement: str, before: _Picture, known: frozenset[int] | None) -> Effect:
    after = _take(driver)
    seen = {oid: name for oid, name in before.names.items() if known is None or oid in known}

    def listed(oids: set[int]) -> tuple[str, ...]:
        return tuple(sorted(seen[oid] for oid in oids & seen.keys()))

    is_emptied = bare(statement).upper().startswith("TRUNCATE")
    moved = {oid for oid, file in after.files.items() if before.files.get(oid, file) != file}
    files = {file for _, file in before.indexes.values()}  # a new index may have taken over an old one's file
    made = {table for table, file in after.indexes.values() if file not in files}
    read = {oid for oid, scans in after.scans.items() if scans > before.scans.get(oid, 0)}
    return Effect(
        bare(statement),
        _strongest(driver, seen),
        rewritten=() if is_emptied else listed(moved),
        scanned=() if is_emptied else listed(read),
        built=() if is_emptied else listed(made - moved),
    )


def _strongest(driver: _Driver, names: dict[int, str]) -> dict[str, str]:
    held: dict[str, str] = {}
    for oid, mode in driver.execute(_LOCKS).fetchall():
        if oid in names and mode in MODES:
            held[names[oid]] = max(held.get(names[oid], mode), mode, key=MODES.index)
    return dict(sorted(held.items()))


class Observer:
    """Watches what Alembic runs over a connection, statement by statement."""

    def __init__(self, connection: Connection) -> None:
        """Begin to watch; ``effects`` fills."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        self._driver: _Driver = driver
        self._known = tables(driver)
        self._before = _take(driver)
        self.effects: list[Effect] = []
        driver.rollback()
        event.listen(connection, "before_cursor_execute", self._begin, retval=True)
        event.listen(connection, "after_cursor_execute", self._end)

    def forget(self) -> list[Effect]:
        """Return what was seen of one migration that has ended; what it made counts as there from now on."""
        seen, self.effects = [effect for effect in self.effects if not effect.is_quiet], []
        self._known = tables(self._driver)
        self._driver.rollback()
        return seen

    def _begin(
        self,
        _connection: Connection,
        _cursor: object,
        statement: str,
        parameters: Any,  # noqa: ANN401 -- the signature is SQLAlchemy's
        *_more: object,
    ) -> tuple[str, Any]:
        if self._driver.autocommit:
            return statement, parameters
        *first, last = [statement] if parameters else split(statement) or [statement]
        for one in first:
            self._driver.commit()
            self.effects.append(observe(self._driver, one, self._known))
        self._driver.commit()
        self._before = _take(self._driver)
        return last, parameters

    def _end(self, _connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        plain = statement.replace("%%", "%")
        if self._driver.autocommit:
            self.effects.append(_by_rule(plain))
            return
        self.effects.append(_compare(self._driver, plain, self._before, self._known))
        self._driver.commit()


def _by_rule(statement: str) -> Effect:
    rule = rule_of(statement)
    if rule is None:
        return Effect(bare(statement), {}, by_rule=True)
    table, lock, work = rule
    done = (table,)
    return Effect(
        bare(statement),
        {table: lock},
        rewritten=done if work == "rewrite" else (),
        scanned=done if work in {"scan", "build"} else (),
        built=done if work == "build" else (),
        by_rule=True,
    )
