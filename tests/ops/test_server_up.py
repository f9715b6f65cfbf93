import os
import stat
from pathlib import Path

import psycopg
import pytest

from ops.real_server import admin, rows, run_rollbook, settings_of, write_a_row
from rollbook.core.settings import Settings
from rollbook.ops import databases, server
from rollbook.ops.binaries import find_binaries, system
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.errors import ServerNotRunning, WrongMajorVersion


def setting(at: Settings, name: str) -> str:
    with admin(at) as db:
        return str(db.execute("SELECT current_setting(%s)", [name]).fetchall()[0][0])


def test_first_up_makes_a_durable_server_with_passwords_and_checksums(fresh: Settings) -> None:
    state = server.up(fresh)

    assert state.running
    assert (state.kind, state.host, state.home) == ("embedded", "127.0.0.1", fresh.home)
    assert state.version == find_binaries().version
    assert setting(fresh, "data_checksums") == "on"
    assert setting(fresh, "fsync") == "on"
    assert setting(fresh, "server_encoding") == "UTF8"
    assert setting(fresh, "TimeZone") == "UTC"
    assert setting(fresh, "listen_addresses") == "127.0.0.1"
    assert "pg_stat_statements" in setting(fresh, "shared_preload_libraries")
    with admin(fresh) as db:
        assert db.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'rollbook'"
        ).fetchone() == (
            "b",
            "C.UTF-8",
        )
        methods = db.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]


def test_wrong_password_is_refused_on_socket_and_port(running: Settings) -> None:
    state = server.status(running)
    assert state.socket is not None
    for host in (state.host, str(state.socket.parent)):
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(
                host=host, port=state.port, user="rollbook_app", password="guess", dbname="rollbook"
            )


def test_app_owns_nothing_and_can_bypass_nothing(running: Settings) -> None:
    state = server.status(running)
    with psycopg.connect(state.url) as db:
        assert db.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == ("rollbook_app", False, False, False, False)
        assert db.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = 'rollbook_app'::regrole"
        ).fetchone() == (0,)
        db.execute("CREATE TEMPORARY TABLE scratch (x int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("CREATE TABLE public.mine (x int)")


def test_owner_makes_tables_but_is_no_superuser(running: Settings) -> None:
    with psycopg.connect(server.status(running).owner_url) as db:
        db.execute("CREATE TABLE public.mine (x int)")
        assert db.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == ("rollbook_owner", False, False)
        assert db.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'rollbook'"
        ).fetchone() == ("rollbook_owner",)


def test_strangers_may_not_connect_to_the_database(running: Settings) -> None:
    state = server.status(running)
    with admin(running) as db:
        db.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(
            host=state.host, port=state.port, user="stranger", password="stranger", dbname="rollbook"
        )


def test_second_up_finds_the_first(running: Settings) -> None:
    first = server.status(running)
    assert server.up(running) == first
    assert run_rollbook("up", "--no-migrate", home=running.home).returncode == 0
    assert server.status(running) == first


def test_down_and_up_keep_data_port_and_urls(running: Settings) -> None:
    write_a_row(running)
    before = server.status(running)

    assert server.down(running)
    assert not server.status(running).running
    assert not server.down(running), "nothing left to stop"
    after = server.up(running, durable=False)

    assert rows(running) == ["kept"]
    assert (after.url, after.port, after.socket) == (before.url, before.port, before.socket)


def test_passwords_are_closed_to_others_and_stay_out_of_the_log(running: Settings) -> None:
    secrets, log = running.home / "secrets.json", running.home / "server.log"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE((running.home / "data").stat().st_mode) == 0o700
    for password in _passwords(running):
        assert password not in log.read_text()


def _passwords(at: Settings) -> list[str]:
    state = server.status(at)
    return [url.split(":")[2].split("@")[0] for url in (state.url, state.owner_url)]


def test_a_password_changed_elsewhere_is_set_back(running: Settings) -> None:
    with admin(running) as db:
        db.execute("ALTER ROLE rollbook_app PASSWORD 'other'")
    state = server.up(running)
    psycopg.connect(state.url).close()


def test_server_outlives_ctrl_c_and_its_parent(running: Settings) -> None:
    pid = server.status(running).pid
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpgid(pid) != os.getpgid(0)


@pytest.mark.parametrize("name", ["a" * 120, 'it\'s a "home", yes', "päth with $(spaces)"])
def test_any_folder_name_will_do(open_folder: Path, name: str) -> None:
    settings = settings_of(open_folder / name)
    state = server.up(settings, durable=False)
    try:
        assert state.socket is not None
        assert state.socket.is_socket()
        with psycopg.connect(state.url) as db:
            assert db.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.down(settings)
    assert not state.socket.exists()


def test_programs_on_the_path_serve_where_there_is_no_wheel(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(find_binaries().directory), prepend=os.pathsep)
    settings = settings_of(open_folder / "home")
    state = server.up(settings, resolvers=(lambda: None, system), durable=False)
    assert state.kind == "system"
    assert int(state.version.split(".")[0]) >= 15
    assert setting(settings, "data_checksums") == "on"


INSTALLED = [*Path("/usr/lib/postgresql").glob("1[5-9]/bin"), find_binaries().directory]


@pytest.mark.parametrize("programs", INSTALLED, ids=str)
def test_data_is_used_by_the_programs_that_made_it_and_no_others(open_folder: Path, programs: Path) -> None:
    theirs = settings_of(open_folder / "home", database_bin=programs)
    plain = settings_of(theirs.home)
    server.up(theirs, durable=False)
    write_a_row(theirs)
    with admin(theirs) as db:
        assert db.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert db.execute("SELECT upper('ä') = 'Ä'").fetchone() == (True,)
    server.down(theirs)
    if find_binaries(programs).major != find_binaries().major:
        with pytest.raises(WrongMajorVersion):
            server.up(plain)
    server.up(theirs, durable=False)
    assert rows(theirs) == ["kept"]


def test_more_databases_are_as_closed_as_the_first(running: Settings) -> None:
    databases.create_database(running, "copy_of", template="rollbook")
    databases.create_database(running, "empty_one")
    state = server.status(running)
    for name in ("copy_of", "empty_one"):
        with (
            psycopg.connect(state.url.removesuffix("rollbook") + name) as db,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            db.execute("CREATE TABLE public.mine (x int)")
        databases.drop_database(running, name)
    with admin(running) as db:
        assert db.execute("SELECT count(*) FROM pg_database WHERE datname = 'copy_of'").fetchone() == (0,)


def test_ops_connects_only_to_a_running_server(stopped: Settings) -> None:
    with pytest.raises(ServerNotRunning):
        connect_as_superuser(stopped)


def test_status_before_the_first_up_is_empty(fresh: Settings) -> None:
    state = server.status(fresh)
    assert (state.running, state.port, state.url, state.socket) == (False, 0, "", None)
    assert not fresh.home.exists(), "asking makes nothing"
