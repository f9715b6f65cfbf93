"""Try the connection as a request uses it, and say in sentences what is well and what is not."""

import ipaddress
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import conninfo, sql
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.database import close_engines, engine_for
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import TenantNotFound, Visibility, ensure_tenant, find_tenant, look_through
from rollbook.ops import doctor
from rollbook.ops.connection import pooler
from rollbook.ops.connection.cache import look_at_redis
from rollbook.ops.connection.latency import Latency, measure
from rollbook.ops.connection.pooler import Client, Pooling
from rollbook.ops.connection.refusals import MORE_LENT, reason, told
from rollbook.ops.server import ServerStatus

_SQL: Final = named_sql("rollbook.ops.connection", "connection.sql")
_SILENT: Final = Silent()
_SLOW_MS: Final = 20.0
_FREE: Final = 20
_RESET: Final = "In pgbouncer's settings: server_reset_query = DISCARD ALL, server_reset_query_always = 1."
_LONG_S: Final = 300.0
_MORE_ROOM: Final = "Raise max_connections, or put pgbouncer before the server."
_ROWS_COME_AND_GO: Final = (
    "CREATE TEMPORARY TABLE rollbook_probe (value int) ON COMMIT DROP",
    "INSERT INTO rollbook_probe VALUES (1), (2)",
    "DELETE FROM rollbook_probe WHERE value = 1",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found, and how long a round trip takes; None where nothing answers."""

    checks: list[Checked]
    latency_ms: Latency | None

    @property
    def is_fine(self) -> bool:
        """Say whether nothing needs doing."""
        return all(check.state is State.FINE for check in self.checks)


def try_connection(status: ServerStatus, report: Report = _SILENT) -> Tried:
    """Try the app's URL and the owner's. What is written is rolled back."""
    report.step("Connecting")
    try:
        pooling = pooler.find_pooling(status.url)
        with pooler.client(status.url) as db:
            latency = measure(db)
            checks = [_reached(db, status, pooling), _encrypted(db, status.url, pooling), _latency(latency)]
    except pooler.NoAnswer as error:
        return Tried([_crowded_out(error)], None)
    except psycopg.OperationalError as error:
        return Tried([_unreachable(error)], None)
    report.step("Trying what a request does")
    for name, look in (
        ("role", lambda: _roles(status)),
        ("owner", lambda: _owner(status)),
        ("writes", lambda: _round_trip(status.url)),
        ("pool", lambda: _pool(status.url, pooling)),
        ("tenants", lambda: _walls(status.url)),
        ("isolation", lambda: _isolation(status.url, pooling)),
        ("redis", look_at_redis),
    ):
        checks += told(name, look)
    return Tried(checks, latency)


def _crowded_out(error: pooler.NoAnswer) -> Checked:
    return Checked("pool", State.WRONG, f"A client beside another got {reason(error)}.", MORE_LENT)


def _unreachable(error: psycopg.OperationalError) -> Checked:
    return Checked(
        "reach", State.WRONG, f"The database does not answer: {reason(error)}.", "`rollbook up` says more."
    )


def _reached(db: Client, status: ServerStatus, pooling: Pooling) -> Checked:
    way = ""
    if pooling.is_pooled:
        way = f", through a pooler that lends connections per {_unit(pooling)}"
    return fine("reach", f"PostgreSQL {status.version} answers at {db.info.host}:{db.info.port}{way}.")


def _unit(pooling: Pooling) -> str:
    return "transaction" if pooling.is_per_transaction else "session"


def _encrypted(db: Client, url: str, pooling: Pooling) -> Checked:
    ours = bool(db.pgconn.ssl_in_use)
    server = db.execute(_SQL["encryption"].text.encode()).fetchone()
    mode = str(conninfo.conninfo_to_dict(url).get("sslmode", "prefer"))
    is_local = _is_local(db.info.host)
    if pooling.is_pooled and server and not server[0]:  # what lies between the pooler and the server
        ours, is_local = False, is_local and _is_local(server[2])
    if not ours and is_local:
        return fine("tls", "The connection does not leave this machine, so it needs no encryption.")
    if not ours:
        return Checked(
            "tls",
            State.WRONG,
            "What is read goes over the network in clear.",
            "Turn on `ssl` at the server, and add ?sslmode=verify-full to ROLLBOOK_DATABASE_URL.",
        )
    version = server[1] if server and server[0] and not pooling.is_pooled else "TLS"
    if mode != "verify-full":
        return Checked(
            "tls",
            State.WARNING,
            f"The connection is encrypted ({version}), but nobody checks whose server it is.",
            "Add ?sslmode=verify-full (and sslrootcert=...) to ROLLBOOK_DATABASE_URL.",
        )
    return fine("tls", f"The connection is encrypted ({version}) and the server's certificate is checked.")


def _is_local(host: str) -> bool:
    """Say whether ``host`` is this machine: a socket's folder, or a loopback address."""
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _latency(found: Latency) -> Checked:
    said = f"A round trip takes {found.p50:.2f} ms (median), {found.p95:.2f} (p95), {found.p99:.2f} (p99)."
    if found.p95 <= _SLOW_MS:
        return fine("latency", said)
    return Checked(
        "latency", State.WARNING, said, "Run Rollbook nearer to its database: a page asks it often."
    )


def _roles(status: ServerStatus) -> Iterator[Checked]:
    with Session(engine_for(status.owner_url)) as db:
        found = list(doctor.look_over(db, is_ours=status.kind != "external"))
    yield from (check for check in found if check.name in {"role", "walls"})


def _owner(status: ServerStatus) -> Iterator[Checked]:
    if pooler.find_pooling(status.owner_url).is_per_transaction:
        yield Checked(
            "owner",
            State.WRONG,
            "The owner's URL goes through a pooler: migrations could not hold their lock.",
            "Let ROLLBOOK_OWNER_URL name the server itself.",
        )
    else:
        yield fine("owner", "The owner's connection is its own: migrations can hold their lock.")


def _round_trip(url: str) -> Iterator[Checked]:
    """Make a tenant, read, change and forget it; rows of a temporary table come and go."""
    slug = f"probe-{secrets.token_hex(16)}"
    with _engine(url) as engine, Session(engine) as db:
        tenant_id = ensure_tenant(db, slug, name="Made by db test").tenant_id
        look_through(db, Visibility(tenant_id))
        find_tenant(db, slug).name = "Changed by db test"
        db.flush()
        db.expire_all()
        is_changed = find_tenant(db, slug).name == "Changed by db test"
        for statement in _ROWS_COME_AND_GO:
            db.execute(text(statement))
        left = db.scalar(text("SELECT count(*) FROM rollbook_probe"))
        db.rollback()
        is_gone = _is_gone(db, slug)
    if is_changed and left == 1 and is_gone:
        yield fine("writes", "Rows can be made, read, changed and removed; all of it was rolled back.")
    else:
        yield Checked(
            "writes",
            State.WRONG,
            "What was written was not read back, or a rollback did not undo it.",
            "Look at what stands between Rollbook and PostgreSQL: it must keep a transaction on one"
            " connection.",
        )


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    try:
        yield engine_for(url)
    finally:
        close_engines(url)


def _is_gone(db: Session, slug: str) -> bool:
    try:
        find_tenant(db, slug)
    except TenantNotFound:
        return True
    return False


def _pool(url: str, pooling: Pooling) -> Iterator[Checked]:
    try:
        serving = pooler.crowd(url)
    except psycopg.OperationalError as error:
        yield Checked(
            "pool",
            State.WRONG,
            f"{pooler.CLIENTS} clients at once are too many: {reason(error)}.",
            MORE_LENT if isinstance(error, pooler.NoAnswer) else _MORE_ROOM,
        )
        return
    with pooler.client(url) as db:
        room = db.execute(_SQL["room"].text.encode()).fetchone()
    most, taken = room or (0, 0)
    by = f"{serving} shared connections" if pooling.is_per_transaction else "connections of their own"
    said = f"{pooler.CLIENTS} clients at once are served by {by}; the server has {taken} of {most}."
    if most - taken >= _FREE:
        yield fine("pool", said)
    else:
        yield Checked("pool", State.WARNING, said, _MORE_ROOM)


def _isolation(url: str, pooling: Pooling) -> Iterator[Checked]:
    if not pooler.keeps_transactions_apart(url):
        yield Checked(
            "isolation",
            State.WRONG,
            "What is set for one transaction is lost in it, or seen by another: tenants could be mixed up.",
            "Let the pooler lend connections per transaction or per session, never per statement.",
        )
    elif pooler.leaks(url):
        yield Checked(
            "isolation",
            State.WRONG,
            "Through the pooler, what one client sets for its session is found by the next: a tenant that"
            " somebody set by hand would open its rows to others. Rollbook sets for a transaction only.",
            _RESET,
        )
    else:
        yield fine("isolation", f"No client finds what another set{_through(pooling)}.")


def _through(pooling: Pooling) -> str:
    return ", also through the pooler" if pooling.is_pooled else ""


def _walls(url: str) -> Iterator[Checked]:
    """See that a transaction that names no tenant, or one that is not there, finds nothing anywhere."""
    with pooler.client(url, within_s=_LONG_S) as db:
        tables = db.execute(_SQL["walled"].text.encode()).fetchall()
        found = [name for schema, name in tables if _shows_rows(db, schema, name)]
    if found:
        yield Checked(
            "tenants",
            State.WRONG,
            f"Without a tenant rows are seen in {doctor.listed(found)}.",
            "`rollbook doctor` says which role or wall is wrong.",
        )
    elif not tables:
        yield Checked(
            "tenants",
            State.WRONG,
            "There is no table with a tenant's rows that this role may read.",
            "`rollbook db migrate`, and let ROLLBOOK_DATABASE_URL sign in as the application's role.",
        )
    else:
        yield fine("tenants", f"Without a tenant no row is seen in any of {len(tables)} tables.")


def _shows_rows(db: Client, schema: str, table: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, table))
    for tenant in ("", "-1"):
        with db.transaction():
            pooler.ask(db, "SELECT set_config('rollbook.tenant', %s, true)", tenant)
            row = db.execute(query).fetchone()
        if row and row[0]:
            return True
    return False
