"""The door itself: loading, errors, exit codes. Commands are tested with their rooms."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import rollbook
from rollbook import cli


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
    return subprocess.run(
        [sys.executable, "-m", "rollbook.cli", *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_version() -> None:
    assert run("--version").stdout.strip() == f"rollbook {rollbook.__version__}"


def test_help_lists_every_command_and_loads_none() -> None:
    listing = (
        "import sys\n"
        "from rollbook import cli\n"
        "sys.argv = ['rollbook', '--help']\n"
        "code = cli.run()\n"
        "print(sorted({'sqlalchemy', 'psycopg', 'alembic', 'pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip().endswith("[]")
    for name in cli.VERBS | cli.NOUNS:
        assert f" {name} " in done.stdout


@pytest.mark.parametrize("name", [*cli.VERBS, *cli.NOUNS])
def test_every_command_loads_and_has_help(name: str) -> None:
    assert cli.load(name).help


@pytest.mark.parametrize(
    "arguments", [["no-such-command"], ["up", "--no-such-option"], ["logs", "-n", "many"]]
)
def test_wrong_use_exits_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.endswith(" --help` says more.\n")


def test_help_flows_to_the_width_of_the_terminal_and_no_switch_takes_a_value() -> None:
    told = run("db", "slow", "--help", COLUMNS="80").stdout

    assert "<bool>" not in told
    paragraph = told[told.index("Counts come") : told.index("Values never are.")]
    assert all(len(line) > 60 for line in paragraph.splitlines()[:-1]), "no line ends in its middle"


def test_every_command_of_a_panel_is_there() -> None:
    named = [name for names in cli.PANELS.values() for name in names]
    assert set(named) <= set(cli.VERBS | cli.NOUNS)
    assert len(named) == len(set(named)), "once each"
    assert "─ More" not in run("--help").stdout, "a new command has its place"


def test_wrong_use_is_json_where_json_is_asked_for() -> None:
    done = run("logs", "-n", "many", "--json")

    assert (done.returncode, done.stdout) == (2, "")
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "WrongUse"
    assert "valid integer" in error["message"]


@pytest.mark.parametrize(("typed", "meant"), [("bakcup", "'backup'"), ("statsu", "'status'")])
def test_a_slip_is_answered_by_what_may_have_been_meant(typed: str, meant: str) -> None:
    assert f"Did you mean {meant}" in run(typed).stderr


@pytest.mark.parametrize("words", [[], ["db"], ["privacy", "hold"]])
def test_without_a_command_the_help_is_the_answer(words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "Usage:" in done.stdout
    assert "Error" not in done.stderr


def test_a_bad_setting_is_named_and_exits_2(tmp_path: Path) -> None:
    done = run("status", ROLLBOOK_HOME=str(tmp_path), ROLLBOOK_DATABASE_PORT="many")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ROLLBOOK_DATABASE_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_error_is_one_sentence_on_stderr(tmp_path: Path) -> None:
    done = run("db", "status", ROLLBOOK_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The server is not running. Start it with `rollbook up`.\n"


def test_an_error_is_json_where_json_is_asked_for(tmp_path: Path) -> None:
    done = run("db", "status", "--json", ROLLBOOK_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr) == {
        "error": {
            "code": "ServerNotRunning",
            "message": "The server is not running. Start it with `rollbook up`.",
            "details": {},
        }
    }


def test_the_unexpected_is_a_sentence_and_a_traceback_only_for_debugging(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("[1, 2")
    done = run("status", ROLLBOOK_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: JSONDecodeError: ")
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("status", ROLLBOOK_HOME=str(tmp_path), ROLLBOOK_DEBUG="1").stderr


@pytest.mark.parametrize(
    ("sqlstate", "says"),
    [
        ("53100", "PostgreSQL has no space left (made up). What was begun is undone: free some space"),
        ("42P01", "The schema is not the one of this release (made up). Run `rollbook db migrate`."),
        ("57P01", "The database does not answer: made up. `rollbook status` says more."),
        ("23505", "UniqueViolation: made up. (ROLLBOOK_DEBUG=1 shows where)"),
    ],
)
def test_what_the_database_refuses_is_told_apart_and_without_values(
    db: Session,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sqlstate: str,
    says: str,
) -> None:
    db.execute(
        text(f"""
        CREATE FUNCTION pg_temp.refuse(value text) RETURNS void AS
        'BEGIN RAISE ''made up'' USING ERRCODE = ''{sqlstate}'', DETAIL = ''secret''; END' LANGUAGE plpgsql
    """)
    )

    def refused(**_: object) -> None:
        with db.begin_nested():
            db.execute(text("SELECT pg_temp.refuse(:value)"), {"value": "secret"})

    monkeypatch.setattr(cli, "app", refused)
    assert cli.run() == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"Error: {says}")
    assert "secret" not in told.err
    with pytest.raises(DBAPIError):
        refused()


def test_a_server_that_is_gone_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "app", lambda **_: psycopg.connect("postgresql://someone:secret@127.0.0.1:1/x"))
    assert cli.run() == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: The database does not answer: connection failed")
    assert "secret" not in told
