import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from ops.real_server import run_rollbook, settings_of
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.errors import (
    AppRoleLacksGrants,
    AppRoleTooPowerful,
    ExternalRoleTooWeak,
    ExternalTooOld,
    ExternalUnreachable,
    ExternalUrlInvalid,
    RoleTaken,
    ServerNotReady,
)
from rollbook.ops.migrate import pending, upgrade


@pytest.fixture
def theirs(running: Settings) -> Settings:
    """A server that somebody else runs, with a database that is not ours yet."""
    with connect_as_superuser(running) as db:
        db.execute("DROP DATABASE rollbook")
        db.execute("DROP ROLE rollbook_app")
        db.execute("DROP OWNED BY rollbook_owner, rollbook_bi")
        db.execute("DROP ROLE rollbook_owner, rollbook_bi")
        db.execute("CREATE DATABASE district")
    return running


def url_of(at: Settings, role: str, password: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{server.status(at).port}/district"


def superuser_url(at: Settings) -> str:
    return url_of(at, "postgres", home_of(at).passwords("embedded")["postgres"])


def using(home: Path, url: str, owner_url: str | None = None) -> Settings:
    return settings_of(
        home, database_url=SecretStr(url), owner_url=SecretStr(owner_url) if owner_url else None
    )


def make_role(at: Settings, name: str, powers: str = "") -> str:
    with connect_as_superuser(at) as db:
        db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret' " + powers).format(sql.Identifier(name)))
    return url_of(at, name, "secret")


@pytest.fixture
def ours(theirs: Settings, open_folder: Path) -> Settings:
    """Our settings for their server, with a URL that may make roles."""
    return using(open_folder / "ours", superuser_url(theirs))


def test_up_makes_both_roles_and_uses_the_urls_database(ours: Settings) -> None:
    state = server.up(ours)

    assert (state.kind, state.running, state.pid, state.socket) == ("external", True, None, None)
    with psycopg.connect(state.url) as db:
        assert db.execute("SELECT current_user::text, current_database()::text").fetchone() == (
            "rollbook_app",
            "district",
        )
    with psycopg.connect(state.owner_url) as db:
        assert db.execute("SELECT current_user::text").fetchone() == ("rollbook_owner",)
    assert "postgres:" not in state.url + state.owner_url
    assert not (ours.home / "data").exists(), "no server of our own is made"


def test_up_again_changes_nothing(ours: Settings) -> None:
    assert server.up(ours) == server.up(ours) == server.status(ours)


def test_the_schema_can_be_migrated_by_the_owner_role(ours: Settings) -> None:
    state = server.up(ours)
    assert upgrade(state.owner_url)
    assert pending(state.owner_url) == []
    with psycopg.connect(state.url) as db:
        assert db.execute("SELECT count(*) FROM students").fetchone() == (0,)


def test_the_databases_owner_with_createrole_is_enough(theirs: Settings, open_folder: Path) -> None:
    url = make_role(theirs, "dba", "CREATEROLE")
    with connect_as_superuser(theirs) as db:
        db.execute("ALTER DATABASE district OWNER TO dba")
    state = server.up(using(open_folder / "ours", url))
    assert upgrade(state.owner_url)


def test_down_leaves_an_external_server_running(ours: Settings) -> None:
    url = ours.database_url
    assert url is not None
    server.up(ours)
    done = run_rollbook(
        "down", "--json", home=ours.home, environment={"ROLLBOOK_DATABASE_URL": url.get_secret_value()}
    )
    assert done.returncode == 0
    assert "not run by Rollbook" in done.stderr
    assert '"stopped": false' in done.stdout
    assert server.status(ours).running


def test_a_role_that_may_not_make_roles_is_refused(theirs: Settings, open_folder: Path) -> None:
    weak = using(open_folder / "ours", make_role(theirs, "weak"))
    with pytest.raises(ExternalRoleTooWeak, match="it may not create roles"):
        server.up(weak)


def test_a_role_that_may_not_grant_on_the_database_is_refused(theirs: Settings, open_folder: Path) -> None:
    weak = using(open_folder / "ours", make_role(theirs, "weak", "CREATEROLE"))
    with pytest.raises(ExternalRoleTooWeak, match="may not grant on the database"):
        server.up(weak)
    with connect_as_superuser(theirs) as db:
        found = db.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'rollbook%'").fetchone()
    assert found == (0,), "all or nothing"


def test_roles_of_another_installation_are_not_taken_over(ours: Settings, open_folder: Path) -> None:
    first = server.up(ours)
    assert ours.database_url is not None
    second = using(open_folder / "second", ours.database_url.get_secret_value())
    with pytest.raises(RoleTaken, match="rollbook_owner"):
        server.up(second)
    psycopg.connect(first.url).close()


@pytest.fixture
def plain_owner(theirs: Settings) -> str:
    url = make_role(theirs, "plain_owner")
    with connect_as_superuser(theirs) as db:
        db.execute("CREATE ROLE rollbook_app NOLOGIN")
        db.execute("CREATE ROLE rollbook_bi NOLOGIN")
        db.execute("ALTER DATABASE district OWNER TO plain_owner")
    return url


@pytest.mark.parametrize("powers", ["SUPERUSER", "BYPASSRLS", "IN ROLE mighty"])
def test_an_app_role_that_rls_does_not_bind_is_refused(
    theirs: Settings, open_folder: Path, plain_owner: str, powers: str
) -> None:
    with connect_as_superuser(theirs) as db:
        db.execute("CREATE ROLE mighty SUPERUSER")
    app = make_role(theirs, "app", powers)
    with pytest.raises(AppRoleTooPowerful, match="'app'"):
        server.up(using(open_folder / "ours", app, plain_owner))


def test_an_app_role_without_the_grants_is_told_how_to_get_them(
    theirs: Settings, open_folder: Path, plain_owner: str
) -> None:
    app = make_role(theirs, "app")
    with pytest.raises(AppRoleLacksGrants, match="GRANT rollbook_app TO app"):
        server.up(using(open_folder / "ours", app, plain_owner))


def test_both_urls_given_nothing_is_made(theirs: Settings, open_folder: Path, plain_owner: str) -> None:
    app = make_role(theirs, "app", "IN ROLE rollbook_app")
    settings = using(open_folder / "ours", app, plain_owner)

    state = server.up(settings)

    assert (state.url, state.owner_url) == (app, plain_owner)
    assert not settings.home.exists()
    upgrade(state.owner_url)
    with psycopg.connect(state.url) as db:
        assert db.execute("SELECT count(*) FROM students").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("DROP TABLE students")


def test_a_server_that_is_not_there(open_folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql://someone:secret@127.0.0.1:{probe.getsockname()[1]}/district"
    gone = using(open_folder / "ours", url)
    assert not server.status(gone).running
    with pytest.raises(ExternalUnreachable, match="refused") as caught:
        server.up(gone)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "rubbish",
        "postgresql://host:notaport/x",
        "mysql://someone:secret@host/x",
        "postgresql+psycopg://someone:secret@host/x",
        "host=127.0.0.1 user=someone password=secret",
        "postgresql://someone:secret@[::1/x",
        "postgresql://someone:secret@host/x?nosuch=secret",
    ],
)
@pytest.mark.parametrize("verb", [server.up, server.status])
def test_a_url_that_is_none_is_refused_without_its_password(
    open_folder: Path, url: str, verb: Callable[[Settings], object]
) -> None:
    with pytest.raises(ExternalUrlInvalid, match="ROLLBOOK_DATABASE_URL is not a PostgreSQL URL") as caught:
        verb(using(open_folder / "ours", url))
    assert "secret" not in str(caught.value)


def test_role_and_password_in_the_urls_query_are_not_the_apps(theirs: Settings, open_folder: Path) -> None:
    password = home_of(theirs).passwords("embedded")["postgres"]
    server_part = f"postgresql://127.0.0.1:{server.status(theirs).port}/district"
    url = f"{server_part}?user=postgres&password={password}&application_name=ours"
    state = server.up(using(open_folder / "ours", url))
    assert password not in state.url + state.owner_url
    with psycopg.connect(state.url) as db:
        assert db.execute("SELECT current_user::text, current_setting('application_name')").fetchone() == (
            "rollbook_app",
            "ours",
        )


def test_two_at_once_agree_on_the_passwords(ours: Settings) -> None:
    together = threading.Barrier(8)

    def up(_: int) -> server.ServerStatus:
        together.wait()
        return server.up(ours)

    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(up, range(8)))
    assert states == [server.status(ours)] * 8


def test_commands_say_what_to_do_before_up_and_without_an_answer(ours: Settings, open_folder: Path) -> None:
    assert ours.database_url
    url = {"ROLLBOOK_DATABASE_URL": ours.database_url.get_secret_value()}
    before = run_rollbook("tenants", home=ours.home, environment=url)
    assert (before.returncode, before.stderr) == (1, f"Error: {ServerNotReady()}\n")

    gone = {"ROLLBOOK_DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/district"}
    said = run_rollbook("db", "status", home=open_folder / "other", environment=gone)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        "Error: The server in ROLLBOOK_DATABASE_URL does not answer (`rollbook up` says why).\n"
    )
    status = run_rollbook("status", home=open_folder / "other", environment=gone)
    assert (status.returncode, status.stderr.strip()) == (
        3,
        "The server in ROLLBOOK_DATABASE_URL does not answer; `rollbook up` says why.",
    )


@pytest.fixture
def old_server() -> Iterator[int]:
    """What a PostgreSQL 14 says when one connects: an old version, on the wire."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_greet_as_14, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def _greet_as_14(listening: socket.socket) -> None:
    client, _ = listening.accept()
    with client:
        while struct.unpack("!ii", (start := client.recv(8192))[:8])[1] in {80877103, 80877104}:
            client.sendall(b"N")
        assert start
        version = b"server_version\x0014.9\x00"
        client.sendall(b"R" + struct.pack("!ii", 8, 0))
        client.sendall(b"S" + struct.pack("!i", 4 + len(version)) + version)
        client.sendall(b"Z" + struct.pack("!i", 5) + b"I")
        client.recv(8192)


def test_a_server_older_than_15_is_refused(old_server: int, open_folder: Path) -> None:
    url = f"postgresql://someone@127.0.0.1:{old_server}/district"
    with pytest.raises(ExternalTooOld, match=r"PostgreSQL 14\.9"):
        server.up(using(open_folder / "ours", url))
