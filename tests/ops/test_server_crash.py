import json
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
import pytest

from ops.real_server import (
    clean_environment,
    crash,
    log_of,
    rollbook_command,
    rows,
    run_rollbook,
    write_a_row,
)
from rollbook.core.progress import Silent
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.postmaster import find_postmaster, has_ended, read_pid_file


class Steps(Silent):
    def __init__(self) -> None:
        self.titles: list[str] = []

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a Report has it
        self.titles.append(title)


def test_killed_server_comes_back_with_the_same_data(running: Settings) -> None:
    write_a_row(running)
    before = server.status(running)
    assert has_ended(crash(running), within_s=60)
    assert not server.status(running).running
    assert read_pid_file(running.home / "data") is not None, "the pid file is stale, not gone"
    done = run_rollbook("up", "--no-migrate", "--json", home=running.home)

    assert done.returncode == 0, done.stderr
    after = json.loads(done.stdout)
    assert (after["running"], after["url"]) == (True, before.url)
    assert after["pid"] != before.pid
    assert rows(running) == ["kept"]
    assert "not properly shut down" in log_of(running)


def test_recovery_is_reported(running: Settings) -> None:
    assert has_ended(crash(running), within_s=60)
    after_crash, after_down = Steps(), Steps()
    server.up(running, after_crash, durable=False)
    server.down(running)
    server.up(running, after_down, durable=False)
    assert [title for title in after_crash.titles if "Recovering" in title]
    assert not [title for title in after_down.titles if "Recovering" in title]


@pytest.mark.parametrize("whose", ["the server's account", "ours"])
def test_pid_file_that_names_another_process_is_no_server(stopped: Settings, whose: str) -> None:
    data = stopped.home / "data"
    owner = data.stat()
    drop = {} if whose == "ours" else {"user": owner.st_uid, "group": owner.st_gid}
    stranger = subprocess.Popen(["sleep", "300"], cwd="/", **drop)  # type: ignore[call-overload]  # user and group, or nothing
    try:
        _write_pid_file(data, stranger.pid)
        assert not server.status(stopped).running
        assert not server.down(stopped), "down must not stop a stranger"
        state = server.up(stopped, durable=False)
        assert state.running
        assert state.pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def _write_pid_file(data: Path, pid: int) -> None:
    lines = [str(pid), str(data), "1790000000", "5432", "/nowhere", "127.0.0.1", "  1 1", "ready   "]
    file = data / "postmaster.pid"
    file.write_text("\n".join(lines) + "\n")
    shutil.chown(file, data.stat().st_uid, data.stat().st_gid)
    file.chmod(0o600)


@pytest.mark.parametrize("rest", ["", "garbage\n", "12345\n"])
def test_broken_pid_file_stops_nobody(stopped: Settings, rest: str) -> None:
    file = stopped.home / "data" / "postmaster.pid"
    file.write_text(rest)
    shutil.chown(file, (stopped.home / "data").stat().st_uid)
    assert not server.status(stopped).running
    assert server.up(stopped, durable=False).running


def test_two_at_once_make_one_server(fresh: Settings) -> None:
    both = [
        subprocess.Popen(
            rollbook_command("up", "--no-migrate", "--json"),
            env=clean_environment(fresh.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    first, second = (json.loads(out) for out, _ in ends)
    assert first == second
    assert first["pid"] == server.status(fresh).pid


def test_killed_while_making_the_database_leaves_nothing_half_made(fresh: Settings) -> None:
    process = subprocess.Popen(
        rollbook_command("up", "--no-migrate"), env=clean_environment(fresh.home), stderr=subprocess.DEVNULL
    )
    _wait_for(lambda: any(fresh.home.glob("initdb-*/data/base")))
    process.kill()
    process.wait()
    assert not (fresh.home / "data").exists()

    assert server.up(fresh, durable=False).running

    assert not list(fresh.home.glob("initdb-*"))


def test_initdb_that_outlives_its_command_leaves_nothing(
    fresh: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may write to its folder while the next `up` removes that, which then takes more than one try."""
    half, remove, tries = fresh.home / "initdb-half", shutil.rmtree, count()
    half.mkdir(parents=True)

    def remove_unless_first(folder: Path, *, ignore_errors: bool = False) -> None:
        if folder != half or next(tries):
            remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_unless_first)
    server.up(fresh, durable=False)
    assert not half.exists()


def test_killed_right_after_the_start_is_finished_by_the_next(fresh: Settings) -> None:
    """Whatever of port, roles and database is missing, the same command makes it."""
    process = subprocess.Popen(
        rollbook_command("up", "--no-migrate"), env=clean_environment(fresh.home), stderr=subprocess.DEVNULL
    )
    _wait_for(lambda: read_pid_file(fresh.home / "data") is not None)
    process.kill()
    process.wait()

    state = server.up(fresh, durable=False)

    assert state.running
    write_a_row(fresh)
    assert rows(fresh) == ["kept"]


def test_ctrl_c_ends_the_command_and_not_the_server(stopped: Settings) -> None:
    waiting = (
        "import time; from rollbook.ops import server;"
        " server.up(durable=False); print(1, flush=True); time.sleep(300)"
    )
    process = subprocess.Popen(
        [*rollbook_command()[:1], "-c", waiting],
        env=clean_environment(stopped.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert server.status(stopped).running


def test_up_waits_for_a_server_that_is_stopping(running: Settings) -> None:
    """A session that lingers keeps a smart shutdown from ending; up waits, then starts anew."""
    before = server.status(running)
    assert before.pid is not None
    lingering = psycopg.connect(before.url)
    os.kill(before.pid, signal.SIGTERM)
    _wait_for(
        lambda: (found := read_pid_file(running.home / "data")) is not None and found.state == "stopping"
    )
    threading.Timer(0.5, lingering.close).start()

    after = server.up(running, durable=False)

    assert after.running
    assert after.pid != before.pid


def test_up_waits_for_orphans_of_a_killed_server(running: Settings) -> None:
    """A backend that is busy does not notice at once that its postmaster is gone."""
    state = server.status(running)
    busy = psycopg.connect(state.url, autocommit=True)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 3000000)")
    crash(running)
    after = server.up(running, durable=False)
    assert after.running
    assert find_postmaster(running.home / "data") is not None
    busy.close()


def test_a_server_out_of_sight_keeps_its_folder_to_itself(running: Settings) -> None:
    """Two containers with one volume: the other's processes cannot be seen, so its pid file names nobody."""
    elsewhere = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*elsewhere, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody have processes that others do not see")
    before = find_postmaster(running.home / "data")

    done = [
        subprocess.run(
            [*elsewhere, *rollbook_command(verb)],
            env=clean_environment(running.home),
            capture_output=True,
            text=True,
            check=False,
        )
        for verb in ("up", "down")
    ]

    assert [each.returncode for each in done] == [1, 1]
    assert all("two servers on one folder would destroy" in each.stderr for each in done)
    assert find_postmaster(running.home / "data") == before
    with psycopg.connect(server.status(running).url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_shell_in_the_data_folder_is_no_orphan(running: Settings) -> None:
    """Somebody looks around after the crash."""
    with subprocess.Popen(["sleep", "600"], cwd=running.home / "data") as shell:
        try:
            crash(running)
            assert server.up(running, durable=False).running
            assert shell.poll() is None
        finally:
            shell.kill()


def _wait_for(fact: Callable[[], bool], *, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


def test_account_of_the_data_is_no_root(running: Settings) -> None:
    owner = (running.home / "data").stat().st_uid
    assert owner != 0
    assert pwd.getpwuid(owner).pw_name in {"postgres", "nobody"} or os.geteuid() != 0
