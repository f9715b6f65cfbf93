import json
import signal
import subprocess
import time

from pydantic import SecretStr

from ops.real_server import clean_environment, rollbook_command, run_rollbook, settings_of
from rollbook.core.settings import Settings
from rollbook.ops import server


def test_status_names_all_there_is_to_connect(running: Settings) -> None:
    done = run_rollbook("status", "--json", home=running.home)
    assert done.returncode == 0
    said = json.loads(done.stdout)
    state = server.status(running)
    assert list(said) == [
        "running", "kind", "version", "home", "host", "port", "socket", "pid", "url", "owner_url",
    ]  # fmt: skip
    assert (said["pid"], said["port"], said["url"]) == (state.pid, state.port, state.url)
    assert "rollbook_app" in said["url"]
    assert "rollbook_owner" in said["owner_url"]


def test_status_of_a_stopped_server_exits_3(stopped: Settings) -> None:
    done = run_rollbook("status", "--json", home=stopped.home)
    assert done.returncode == 3
    assert json.loads(done.stdout)["running"] is False
    assert "rollbook up" in done.stderr


def test_down_stops_and_says_so(running: Settings) -> None:
    done = run_rollbook("down", "--json", home=running.home)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": True})
    assert not server.status(running).running
    again = run_rollbook("down", home=running.home)
    assert (again.returncode, again.stdout) == (0, "")
    assert "was not running" in again.stderr


def test_logs_print_the_last_lines(running: Settings) -> None:
    log = (running.home / "server.log").read_text().splitlines()
    done = run_rollbook("logs", "-n", "2", home=running.home)
    assert done.stdout.splitlines() == log[-2:]
    assert (
        json.loads(run_rollbook("logs", "-n", "1", "--json", home=running.home).stdout)["lines"] == log[-1:]
    )


def test_logs_follow_what_comes(running: Settings) -> None:
    log = running.home / "server.log"
    process = subprocess.Popen(
        rollbook_command("logs", "-n", "1", "--follow"),
        env=clean_environment(running.home) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == log.read_text().splitlines(keepends=True)[-1]
        time.sleep(0.3)
        with log.open("a") as more:
            more.write("one more line\n")
        assert process.stdout.readline() == "one more line\n"
        log.rename(log.with_suffix(".log.1"))
        log.write_text("a new log\n")
        assert process.stdout.readline() == "a new log\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, "Ctrl-C is how one ends it"
    finally:
        process.kill()
        process.communicate()


def test_logs_of_an_external_server_are_elsewhere(running: Settings) -> None:
    url = server.status(running).url
    done = run_rollbook("logs", home=running.home, environment={"ROLLBOOK_DATABASE_URL": url})
    assert done.returncode == 1
    assert "ask whoever runs it" in done.stderr


def test_a_big_log_is_put_aside(running: Settings) -> None:
    server.down(running)
    log = running.home / "server.log"
    with log.open("a") as more:
        more.truncate(21_000_000)
    server.up(running, durable=False)
    assert log.stat().st_size < 1_000_000
    assert log.with_suffix(".log.1").stat().st_size == 21_000_000


def test_the_shell_cannot_redirect_our_server(running: Settings) -> None:
    """libpq reads PG* variables; none of them may lead `up` to another server."""
    environment = {
        "PGHOST": "/nowhere",
        "PGPORT": "1",
        "PGUSER": "x",
        "PGPASSWORD": "x",
        "PGDATA": "/nowhere",
    }
    done = run_rollbook("up", "--no-migrate", home=running.home, environment=environment)
    assert done.returncode == 0, done.stderr
    server.down(running)
    done = run_rollbook("up", "--no-migrate", home=running.home, environment=environment)
    assert done.returncode == 0, done.stderr


def test_urls_in_settings_are_not_shown_by_accident() -> None:
    settings = settings_of(server.log_path().parent, database_url=SecretStr("postgresql://a:hidden@b/c"))
    assert "hidden" not in repr(settings)
