import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.real_server import crash, rows, run_rollbook, settings_of, write_a_row
from rollbook.core.settings import Settings
from rollbook.ops import home as home_module
from rollbook.ops import server
from rollbook.ops.errors import (
    DataFolderForeign,
    DiskFull,
    FolderNotWritable,
    NoServerPrograms,
    PortInUse,
    SecretsMissing,
    SecretsWrong,
    ServerBusy,
    ServerDidNotStart,
    ServerProgramsUnfit,
    WrongMajorVersion,
)
from rollbook.ops.postmaster import has_ended

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk or change accounts")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield int(other.getsockname()[1])


def test_port_in_use_is_named_with_who_has_it(stopped: Settings, taken_port: int) -> None:
    with pytest.raises(PortInUse, match=rf"Port {taken_port} is in use by process {os.getpid()} \("):
        server.up(settings_of(stopped.home, database_port=taken_port))
    assert not server.status(stopped).running


def test_port_in_use_exits_1_in_one_sentence(stopped: Settings, taken_port: int) -> None:
    done = run_rollbook("up", home=stopped.home, environment={"ROLLBOOK_DATABASE_PORT": str(taken_port)})
    assert done.returncode == 1
    assert f"Port {taken_port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_we_chose_and_lost_is_exchanged(running: Settings) -> None:
    write_a_row(running)
    port = server.status(running).port
    server.down(running)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen(1)
        assert server.up(running, durable=False).port != port
    assert rows(running) == ["kept"]


def test_the_port_that_the_settings_name_is_used(stopped: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    wanted = settings_of(stopped.home, database_port=port)
    assert server.up(wanted, durable=False).port == port
    assert f":{port}/" in server.status(wanted).url


def test_data_of_another_major_version_is_left_alone(stopped: Settings) -> None:
    marker = stopped.home / "data" / "PG_VERSION"
    marker.write_text("14\n")
    before = _listing(stopped.home / "data")
    with pytest.raises(WrongMajorVersion, match=r"made by PostgreSQL 14, these programs are \d+"):
        server.up(stopped)
    assert _listing(stopped.home / "data") == before


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    return sorted(
        (str(path), path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_a_folder_with_other_things_is_left_alone(fresh: Settings) -> None:
    (fresh.home / "data").mkdir(parents=True)
    (fresh.home / "data" / "thesis.tex").write_text("years of work")
    (fresh.home / "secrets.json").write_text('{"embedded": {"postgres": "x"}}')
    with pytest.raises(DataFolderForeign):
        server.up(fresh)
    assert (fresh.home / "data" / "thesis.tex").read_text() == "years of work"


def test_lost_passwords_are_said_before_anything_starts(stopped: Settings) -> None:
    (stopped.home / "secrets.json").unlink()
    with pytest.raises(SecretsMissing):
        server.up(stopped)
    assert not (stopped.home / "secrets.json").exists(), "new ones would only hide the loss"


def test_passwords_of_another_server_are_told_apart_from_a_dead_one(stopped: Settings) -> None:
    secrets = stopped.home / "secrets.json"
    secrets.write_text(secrets.read_text().replace('"postgres": "', '"postgres": "not'))
    with pytest.raises(SecretsWrong):
        server.up(stopped, durable=False)


def test_no_programs_anywhere(fresh: Settings) -> None:
    with pytest.raises(NoServerPrograms):
        server.up(fresh, resolvers=(lambda: None,))


def test_a_folder_without_programs(fresh: Settings, tmp_path: Path) -> None:
    with pytest.raises(ServerProgramsUnfit, match=str(tmp_path)):
        server.up(settings_of(fresh.home, database_bin=tmp_path))


def test_a_broken_configuration_is_quoted(stopped: Settings) -> None:
    with (stopped.home / "data" / "rollbook.conf").open("a") as conf:
        conf.write("shared_buffers = 'plenty'\n")
    with pytest.raises(ServerDidNotStart, match="configuration file"):
        server.up(stopped)


def test_home_that_is_a_file(open_folder: Path) -> None:
    (open_folder / "file").write_text("")
    with pytest.raises(FolderNotWritable):
        server.up(settings_of(open_folder / "file" / "home"))


@pytest.mark.parametrize("verb", ["up", "status", "down"])
@pytest.mark.parametrize("home", ["/dev/null/x", "/proc/x"])
def test_home_where_no_folder_can_be_is_one_sentence(verb: str, home: str) -> None:
    done = run_rollbook(verb, home=Path(home))
    if verb == "up" or (verb, home) == ("status", "/dev/null/x"):
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        assert "Set ROLLBOOK_HOME to a folder of your own" in done.stderr
    assert "ROLLBOOK_DEBUG" not in done.stderr


def test_a_lock_held_too_long_is_said(stopped: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "LOCK_TIMEOUT_S", 0.2)
    holder = subprocess.Popen(
        ["flock", "--no-fork", str(stopped.home / "lock"), "sh", "-c", "echo held; exec sleep 300"],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(ServerBusy):
            server.up(stopped)
    finally:
        holder.kill()
        holder.communicate()


@pytest.fixture
def small_disk(open_folder: Path) -> Iterator[Path]:
    folder = open_folder / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m,mode=0755", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"this container may not mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    server.down(settings_of(folder / "home"))
    subprocess.run(["umount", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    for size in (1 << 20, 4096):
        with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\0" * size):
                pass
    assert shutil.disk_usage(disk).free == 0
    return filler


@as_root
def test_full_disk_at_the_first_up_leaves_no_half(small_disk: Path) -> None:
    settings = settings_of(small_disk / "home")
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * 100_000_000)

    with pytest.raises(DiskFull, match="No space left"):
        server.up(settings)
    assert not (settings.home / "data").exists()
    assert not list(settings.home.glob("initdb-*"))

    filler.unlink()
    assert server.up(settings, durable=False).running


@pytest.fixture
def on_small_disk(small_disk: Path, made: Path) -> Settings:
    subprocess.run(["cp", "-a", str(made), str(small_disk / "home")], check=True)
    settings = settings_of(small_disk / "home")
    server.up(settings, durable=False)
    write_a_row(settings)
    return settings


@as_root
def test_full_disk_at_a_later_up_loses_nothing(on_small_disk: Settings) -> None:
    server.down(on_small_disk)
    filler = _fill(on_small_disk.home.parent)

    done = run_rollbook("up", "--no-migrate", home=on_small_disk.home)

    assert done.returncode == 1
    assert "No space left" in done.stderr, done.stderr
    filler.unlink()
    assert server.up(on_small_disk, durable=False).running
    assert rows(on_small_disk) == ["kept"]


@as_root
def test_crash_on_a_full_disk_loses_nothing(on_small_disk: Settings) -> None:
    filler = _fill(on_small_disk.home.parent)
    assert has_ended(crash(on_small_disk), within_s=60)
    with contextlib.suppress(DiskFull):
        server.up(on_small_disk, durable=False)  # recovery may find room in what it has
    filler.unlink()
    assert server.up(on_small_disk, durable=False).running
    assert rows(on_small_disk) == ["kept"]


@as_root
def test_completely_full_disk_is_one_sentence(small_disk: Path) -> None:
    home = small_disk / "home"
    filler = _fill(small_disk)
    done = run_rollbook("up", home=home)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No space left"), done.stderr
    filler.unlink()


@as_root
def test_disk_that_cannot_be_written(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(FolderNotWritable, match="Read-only"):
        server.up(settings_of(small_disk / "home"))
