"""`rollbook backup` as its user meets it."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.kept_secrets import Secrets, opened
from rollbook import cli
from rollbook.core.settings import Settings, settings
from rollbook.ops.backup.keys import key_path
from rollbook.testing.databases import Database


@dataclass(frozen=True, slots=True)
class Answer:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def backup(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Answer]]:
    """Run `rollbook backup` with what ``chosen`` says, in this process: its imports take longer than it."""
    for name in ("database_url", "owner_url", "backup_database_url"):
        monkeypatch.setenv(f"ROLLBOOK_{name.upper()}", getattr(chosen, name).get_secret_value())
    for name in ("home", "backup_url", "backup_key_file"):
        monkeypatch.setenv(f"ROLLBOOK_{name.upper()}", str(getattr(chosen, name)))
    settings.cache_clear()

    def run(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["rollbook", "backup", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        code = cli.run()
        return Answer(code, *capsys.readouterr())

    yield run
    settings.cache_clear()


def test_a_backup_is_made_listed_verified_restored_and_pruned(
    backup: Callable[..., Answer], app: Engine, told: Secrets
) -> None:
    assert json.loads(backup("list", "--json").stdout) == {"backups": [], "damaged": []}
    made = backup("create", "--full", "--json")
    assert made.returncode == 0, made.stderr
    assert "KEEP A COPY AWAY FROM THIS MACHINE" in made.stderr
    first = json.loads(made.stdout)["backup"]
    backup("create", "--schema")
    listed = json.loads(backup("list", "--json").stdout)
    assert [(one["kind"], one["rows"] > 0) for one in listed["backups"]] == [
        ("full", True),
        ("schema", False),
    ]
    assert backup("verify", "--all").returncode == 0

    asked = backup("restore", first)
    assert (asked.returncode, "Put" in asked.stderr) == (1, True), "nobody says yes"
    done = backup("restore", first, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert {one["state"] for one in json.loads(done.stdout)["smoke"]} == {"fine"}
    app.dispose()
    assert opened(app, told) == told

    backup("create", "--full")
    would = backup("prune", "--count", "1", "--days", "0", "--dry-run", "--json")
    gone = backup("prune", "--count", "1", "--days", "0", "--json")
    assert json.loads(would.stdout)["backups"] == json.loads(gone.stdout)["backups"] == [first]
    assert backup("verify", first).returncode == 1
    assert backup("verify", "latest").returncode == 0


def test_a_faulty_backup_is_a_finding(
    backup: Callable[..., Answer], chosen: Settings, tmp_path: Path
) -> None:
    made = json.loads(backup("create", "--schema", "--json").stdout)
    (dump,) = (tmp_path / "backups" / "files").rglob("*.dump")
    dump.write_bytes(dump.read_bytes()[:-1])
    found = backup("verify", made["backup"], "--json")
    assert found.returncode == 3
    assert "was cut off" in json.loads(found.stdout)[0]["faults"][0]

    rotated = json.loads(backup("key", "--rotate", "--json").stdout)
    assert rotated["keys"] == 2
    key_path(chosen).unlink()
    lost = backup("list", "--json")
    assert (lost.returncode, json.loads(lost.stderr)["error"]["code"]) == (1, "BackupKeyMissing")


def test_no_command_tells_a_secret(
    backup: Callable[..., Answer], chosen: Settings, fresh_database: Database
) -> None:
    answers = [backup(*words) for words in (["create", "--schema"], ["list", "--json"], ["key"])]
    assert [answer.returncode for answer in answers] == [0, 0, 0]
    said = "".join(answer.stdout + answer.stderr for answer in answers)
    secrets = [key["secret"] for key in json.loads(key_path(chosen).read_text())["keys"].values()]
    passwords = [fresh_database.owner_url.split("@")[0].rpartition(":")[2]]
    assert not [secret for secret in secrets + passwords if secret[:12] in said]
    assert "postgresql://" not in said
