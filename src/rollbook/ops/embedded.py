"""A server that Rollbook runs itself: from the wheel's programs, or from installed ones."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import psycopg

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import roles, swap
from rollbook.ops.binaries import RESOLVERS, Resolver, find_binaries
from rollbook.ops.cluster import SUPERUSER, Cluster
from rollbook.ops.errors import (
    DiskFull,
    PortInUse,
    SecretsMissing,
    SecretsWrong,
    ServerNotRunning,
    file_errors,
)
from rollbook.ops.home import Home
from rollbook.ops.ports import HOST, candidates, is_port_free, port_user
from rollbook.ops.postmaster import PidFile, find_postmaster, has_ended
from rollbook.ops.privileges import Account, server_account
from rollbook.ops.roles import APP, OWNER, Place

DATABASE: Final = "rollbook"
PASSWORDS_OF: Final = "embedded"
_DYING_WITHIN_S: Final = 5
_LONGEST_SOCKET_PATH: Final = 107


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server as it is now. The URLs hold passwords.

    Shape:  ``version`` such as "18.6"; before the first `up` it and the URLs are "" and ``port`` is 0;
    ``url`` is the app role's, ``owner_url`` that of the tables' owner.
    """

    running: bool
    kind: Literal["embedded", "system", "external"]
    version: str
    home: Path
    host: str
    port: int
    socket: Path | None
    pid: int | None
    url: str
    owner_url: str


def up(
    settings: Settings, report: Report, *, resolvers: Sequence[Resolver] = RESOLVERS, durable: bool = True
) -> None:
    """Start the server of ``settings.home`` unless it runs, with its roles and database."""
    home = home_of(settings)
    home.make()
    with home.locked(report), file_errors(home.path):
        found = find_postmaster(home.data)
        if found is not None and found.is_ready and _answers(home, found):
            return
        _provision(home, _start(settings, home, report, resolvers, durable=durable))


def _answers(home: Home, found: PidFile) -> bool:
    """Say whether the server that we found has all that it should; False if it dies while we ask."""
    try:
        _provision(home, found)
    except psycopg.OperationalError:
        if has_ended(found.pid, within_s=_DYING_WITHIN_S):
            return False
        raise
    return True


def home_of(settings: Settings) -> Home:
    """Return the folder of ``settings``."""
    return Home(settings.home.expanduser().absolute())


def _start(
    settings: Settings, home: Home, report: Report, resolvers: Sequence[Resolver], *, durable: bool
) -> PidFile:
    swap.finish(home)
    if home.data.exists() and not home.passwords(PASSWORDS_OF):
        raise SecretsMissing(home=home.path, path=home.secrets)
    binaries = find_binaries(settings.database_bin, resolvers)
    account = server_account(home.data, [Path(binaries.program("postgres")), home.path])
    cluster = Cluster(home, binaries, account, durable=durable)
    passwords = home.make_passwords(PASSWORDS_OF, (SUPERUSER, *roles.ROLES))
    cluster.ensure(passwords[SUPERUSER], report)
    if (coming := cluster.find_coming(report)) is not None:
        return coming
    home.remember(kind=binaries.kind, version=binaries.version)
    report.step(f"Starting PostgreSQL {binaries.version}")
    return start_on_a_port(settings.database_port, cluster, report)


def start_on_a_port(wanted: int | None, cluster: Cluster, report: Report) -> PidFile:
    """Start on the port that the settings ask for, else on the last one, else on a free one."""
    home = cluster.home
    port = 0
    for port in [wanted] if wanted else candidates(home.recall().get("port")):
        socket_folder = _socket_folder(home, port, cluster.account)
        try:
            started = cluster.start(port, socket_folder, report) if is_port_free(port) else None
        except PortInUse:
            continue  # somebody was quicker
        if started is not None:
            return started
    raise PortInUse(port=port, user=port_user(port))


def _socket_folder(home: Home, port: int, account: Account) -> Path:
    """Return the socket's folder: below home, or a short one of its own.

    A socket's path is limited, and clients read a comma in it as the end of the path.
    """
    folder = home.run
    if len(os.fsencode(folder / f".s.PGSQL.{port}")) >= _LONGEST_SOCKET_PATH or "," in str(folder):
        known = Path(home.recall().get("socket_folder", folder))
        fits = known != folder and known.is_dir()
        folder = known if fits else Path(tempfile.mkdtemp(prefix="rollbook-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    account.own(folder, 0o711 if account.is_dropped else 0o700)
    home.remember(socket_folder=str(folder))
    return folder


def remove_socket_folder(home: Home) -> None:
    """Remove the socket's folder where it lies outside home; the next start makes another."""
    folder = home.recall().get("socket_folder")
    if folder and Path(folder) != home.run:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _room_needed(home: Home) -> Iterator[None]:
    """Say of a server that has no room for a connection's files what is wrong with it."""
    try:
        yield
    except psycopg.OperationalError as error:
        if "No space left" in str(error):
            raise DiskFull(home=home.path) from error
        raise


def _provision(home: Home, found: PidFile) -> None:
    """Make what is missing of roles and database; a password changed elsewhere is set back to ours.

    Raises: ``SecretsWrong``; ``DiskFull``.
    """
    with _room_needed(home):
        _make_what_is_missing(home, found)


def _make_what_is_missing(home: Home, found: PidFile) -> None:
    home.remember(port=found.port)
    passwords = home.make_passwords(PASSWORDS_OF, (SUPERUSER, *roles.ROLES))
    place = _place(home, found.port)
    with _as_superuser(home, place, passwords[SUPERUSER]) as db:
        roles.ensure_roles(db, passwords)
        roles.ensure_database(db, DATABASE)
        for role in roles.ROLES:
            if not _lets_in(place, role, passwords[role]):
                roles.set_password(db, role, passwords[role])
    with place.connect(SUPERUSER, passwords[SUPERUSER], DATABASE) as db:
        roles.open_schema(db)
        _create_extensions(db)


def _as_superuser(home: Home, place: Place, password: str) -> roles.Connection:
    try:
        return place.connect(SUPERUSER, password, "postgres")
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error):
            raise SecretsWrong(path=home.secrets, home=home.path) from error
        raise


def _create_extensions(db: roles.Connection) -> None:
    """Make the extensions that only a superuser may make and that were preloaded."""
    preloaded = db.execute("SHOW shared_preload_libraries").fetchone()
    if preloaded and "pg_stat_statements" in str(preloaded[0]):
        db.execute("SET client_min_messages = warning")
        db.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _lets_in(place: Place, role: str, password: str) -> bool:
    try:
        place.connect(role, password, DATABASE).close()
    except psycopg.OperationalError:
        return False
    return True


def _place(home: Home, port: int) -> Place:
    return Place(str(home.recall().get("socket_folder", HOST)), port)


def connect_as_superuser(settings: Settings, database: str = "postgres") -> roles.Connection:
    """Return a connection for ops alone: backups, test databases. All else uses the owner or the app.

    Raises: ``ServerNotRunning``.
    """
    home = home_of(settings)
    passwords = home.passwords(PASSWORDS_OF)
    found = find_postmaster(home.data)
    if found is None:
        raise ServerNotRunning
    return _place(home, found.port).connect(SUPERUSER, passwords[SUPERUSER], database)


def status(settings: Settings) -> ServerStatus:
    """Describe the server of ``settings.home`` from its files; nothing connects."""
    home = home_of(settings)
    known, found = home.recall(), find_postmaster(home.data)
    port = found.port if found else int(known.get("port", 0))
    folder = known.get("socket_folder")
    passwords = home.passwords(PASSWORDS_OF) if port else {}
    return ServerStatus(
        running=found is not None and found.is_ready,
        kind=known.get("kind", "embedded"),
        version=known.get("version", ""),
        home=home.path,
        host=HOST,
        port=port,
        socket=Path(folder) / f".s.PGSQL.{port}" if folder else None,
        pid=found.pid if found else None,
        url=_url(APP, passwords, port),
        owner_url=_url(OWNER, passwords, port),
    )


def _url(role: str, passwords: dict[str, str], port: int) -> str:
    if role not in passwords:
        return ""
    return f"postgresql://{role}:{quote(passwords[role], safe='')}@{HOST}:{port}/{DATABASE}"
