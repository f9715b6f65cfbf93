"""A server that somebody else runs: checked, given our two roles, never started and never stopped."""

from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import conninfo, sql

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import roles
from rollbook.ops.binaries import OLDEST_MAJOR
from rollbook.ops.embedded import ServerStatus, home_of
from rollbook.ops.errors import (
    AppRoleLacksGrants,
    AppRoleTooPowerful,
    ExternalRoleTooWeak,
    ExternalTooOld,
    ExternalUnreachable,
    ExternalUrlInvalid,
    RoleTaken,
)
from rollbook.ops.home import Home

_TIMEOUT_S: Final = 10
_PORT: Final = "5432"
_SCHEMES: Final = ("postgresql://", "postgres://")
_OF_THE_ROLE: Final = {"user", "password", "passfile"}
_GRANTED: Final = """
SELECT
    has_database_privilege(%(owner)s, current_database(), 'CREATE')
    AND has_schema_privilege(%(owner)s, 'public', 'CREATE')
    AND has_database_privilege(%(app)s, current_database(), 'CONNECT')
    AND has_schema_privilege(%(app)s, 'public', 'USAGE')
"""
_POWERS: Final = """
SELECT
    current_user,
    bool_or(rolsuper),
    bool_or(rolbypassrls),
    bool_or(rolname = %(app)s AND pg_has_role(current_user, oid, 'USAGE'))
FROM pg_roles
WHERE pg_has_role(current_user, oid, 'MEMBER')
"""


def up(settings: Settings, report: Report) -> None:
    """Check the server; make the two roles there unless both URLs are given."""
    with _connect(_database_url(settings)) as db:
        _check_version(db)
        if settings.owner_url is not None:
            _check_app_role(db)
            _connect(_owner_url(settings)).close()
            return
        _provision(settings, db, report)
    # what the roles can do is what counts
    with _connect(status(settings).url) as db:
        _check_app_role(db)


def _database_url(settings: Settings) -> str:
    assert settings.database_url is not None
    return _checked(settings.database_url.get_secret_value(), "ROLLBOOK_DATABASE_URL")


def _owner_url(settings: Settings) -> str:
    assert settings.owner_url is not None
    return _checked(settings.owner_url.get_secret_value(), "ROLLBOOK_OWNER_URL")


def _checked(url: str, name: str) -> str:
    """Return ``url`` if it is one. What is wrong with it is not told: libpq would quote the password."""
    if not url.startswith(_SCHEMES):
        raise ExternalUrlInvalid(name=name)
    try:
        ports = _ports(conninfo.conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise ExternalUrlInvalid(name=name) from None
    if not all(port.isdecimal() for port in ports):
        raise ExternalUrlInvalid(name=name)
    return url


def _ports(parts: dict[str, Any]) -> list[str]:
    """Return the port of each host that the URL names, in their order."""
    return [port or _PORT for port in str(parts.get("port") or _PORT).split(",")]


def _connect(url: str) -> roles.Connection:
    try:
        return psycopg.connect(
            url, connect_timeout=_TIMEOUT_S, application_name="rollbook ops", autocommit=True
        )
    except psycopg.Error as error:
        raise ExternalUnreachable(reason=" ".join(str(error).split())) from error


def connect_as_given(settings: Settings, database: str | None = None) -> roles.Connection:
    """Connect as the role of ROLLBOOK_DATABASE_URL itself: without ROLLBOOK_OWNER_URL it may make roles.

    ``database``: another one of that server.

    Raises: ``ExternalUnreachable``; ``ExternalUrlInvalid``.
    """
    url = _database_url(settings)
    return _connect(conninfo.make_conninfo(url, dbname=database) if database else url)


def connect_as_owner(settings: Settings) -> roles.Connection:
    """Connect as the role of ROLLBOOK_OWNER_URL.

    Raises: ``ExternalUnreachable``; ``ExternalUrlInvalid``.
    """
    return _connect(_owner_url(settings))


def _check_version(db: roles.Connection) -> None:
    number = db.info.server_version
    if number // 10_000 < OLDEST_MAJOR:
        raise ExternalTooOld(version=_version(db))


def _version(db: roles.Connection) -> str:
    number = db.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


def _check_app_role(db: roles.Connection) -> None:
    """Refuse an app role that row-level security does not bind, or that migrations do not grant anything."""
    found = db.execute(_POWERS, {"app": roles.APP}).fetchone()
    assert found is not None
    role, is_super, bypasses, is_member = found
    if is_super or bypasses:
        why = "is, or may become, a superuser" if is_super else "may bypass row-level security"
        raise AppRoleTooPowerful(role=role, why=why)
    if not is_member:
        raise AppRoleLacksGrants(role=role)


def _provision(settings: Settings, db: roles.Connection, report: Report) -> None:
    home = home_of(settings)
    home.make()
    with home.locked(report):
        _make_roles(settings, home, db)


def _make_roles(settings: Settings, home: Home, db: roles.Connection) -> None:
    server, admin = _server_name(db), db.info.user
    powers = db.execute(
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if not powers or not powers[0]:
        raise ExternalRoleTooWeak(role=admin, reason="it may not create roles")
    passwords = home.make_passwords(server, roles.ROLES)
    try:
        with db.transaction():
            roles.ensure_roles(db, passwords)
            _grant(db)
            _check_grants(db)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ExternalRoleTooWeak(role=admin, reason=str(error).splitlines()[0]) from error
    for role in roles.ROLES:
        _check_password(settings, role, passwords[role], server)


def _server_name(db: roles.Connection) -> str:
    return f"{db.info.host}:{db.info.port}"


def _grant(db: roles.Connection) -> None:
    for statement in (
        "GRANT ALL ON DATABASE {database} TO {owner}",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {app}",
        "GRANT ALL ON SCHEMA public TO {owner}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {bi}",
        "GRANT USAGE ON SCHEMA public TO {app}, {bi}",
    ):
        db.execute(
            sql.SQL(statement).format(
                database=sql.Identifier(db.info.dbname),
                owner=sql.Identifier(roles.OWNER),
                app=sql.Identifier(roles.APP),
                bi=sql.Identifier(roles.BI),
            )
        )


def _check_grants(db: roles.Connection) -> None:
    """Make sure that the grants took: PostgreSQL only warns where the grantor may not grant."""
    roles_can = db.execute(_GRANTED, {"owner": roles.OWNER, "app": roles.APP}).fetchone()
    if roles_can != (True,):
        raise ExternalRoleTooWeak(
            role=db.info.user, reason=f"it may not grant on the database '{db.info.dbname}'"
        )


def _check_password(settings: Settings, role: str, password: str, server: str) -> None:
    try:
        _connect(url_as(settings, role, password)).close()
    except ExternalUnreachable as error:
        if "authentication failed" in str(error):
            raise RoleTaken(role=role, server=server, path=home_of(settings).secrets) from error
        raise


def status(settings: Settings) -> ServerStatus:
    """Describe the server; connects once to see whether it answers."""
    parts = _parts(settings)
    host, port = parts.get("host") or parts.get("hostaddr") or "localhost", int(_ports(parts)[0])
    version = ""
    try:
        with _connect(_database_url(settings)) as db:
            version, host, port = _version(db), db.info.host, db.info.port
    except ExternalUnreachable:
        pass
    url, owner_url = _urls(settings, f"{host}:{port}")
    return ServerStatus(
        running=bool(version),
        kind="external",
        version=version,
        home=home_of(settings).path,
        host=host,
        port=port,
        socket=None,
        pid=None,
        url=url,
        owner_url=owner_url,
    )


def _urls(settings: Settings, server: str) -> tuple[str, str]:
    if settings.owner_url is not None:
        return _database_url(settings), _owner_url(settings)
    passwords = home_of(settings).passwords(server)
    url, owner_url = (
        url_as(settings, role, passwords[role]) if role in passwords else ""
        for role in (roles.APP, roles.OWNER)
    )
    return url, owner_url


def _parts(settings: Settings) -> dict[str, Any]:
    return conninfo.conninfo_to_dict(_database_url(settings))


def passwords_of(settings: Settings, db: roles.Connection, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return a password for each of the roles ``wanted`` here, made and kept where there is none."""
    home = home_of(settings)
    home.make()
    return home.make_passwords(_server_name(db), wanted)


def url_as(settings: Settings, role: str, password: str) -> str:
    """Return ROLLBOOK_DATABASE_URL with another role and password, all else as it is.

    Those in its query go, since libpq prefers them.
    """
    parts = urlsplit(_database_url(settings))
    _, _, address = parts.netloc.rpartition("@")
    netloc = f"{role}:{quote(password, safe='')}@{address}"
    kept = [part for part in parts.query.split("&") if unquote(part.partition("=")[0]) not in _OF_THE_ROLE]
    return urlunsplit(parts._replace(netloc=netloc, query="&".join(kept)))
