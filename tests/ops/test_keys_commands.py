"""`rollbook keys` as its user meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rings import ring_at
from rollbook.core import keyring
from rollbook.testing.databases import Database

Answer = subprocess.CompletedProcess[str]


@pytest.fixture
def ring(tmp_path: Path, fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", fresh_database.url)
    monkeypatch.setenv("ROLLBOOK_OWNER_URL", fresh_database.owner_url)
    with ring_at(tmp_path / "keyring.json") as path:
        yield path


def keys(*words: str) -> Answer:
    command = [str(Path(sys.executable).with_name("rollbook")), "keys", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_a_ring_is_made_rotated_and_cleared(ring: Path) -> None:
    ring.unlink()
    missing = keys("status", "--json")
    assert (missing.returncode, json.loads(missing.stderr)["error"]["code"]) == (1, "RingMissing")

    first = json.loads(keys("new", "--json").stdout)["primary"]
    assert (ring.stat().st_mode & 0o777, keys("new").returncode) == (0o600, 1)

    done = json.loads(keys("rotate", "--json").stdout)
    assert (done["values"], done["unreadable"], done["is_resumed"]) == (0, 0, False)
    shown = json.loads(keys("status", "--json").stdout)
    assert {(key["key_id"], key["is_primary"]) for key in shown["keys"]} == {
        (first, False),
        (done["key_id"], True),
    }

    asked = keys("retire", first)
    assert asked.returncode == 1, "nobody says yes"
    assert keys("retire", first, "--yes").returncode == 0
    assert list(keyring.ring().keys) == [done["key_id"]]
    assert keys("retire", done["key_id"], "--yes").returncode == 1


def test_no_command_prints_a_key(ring: Path) -> None:
    answers = [keys("status"), keys("rotate"), keys("status", "--json"), keys("rotate", "--json")]
    assert [answer.returncode for answer in answers] == [0, 0, 0, 0]
    said = "".join(answer.stdout + answer.stderr for answer in answers)
    secrets = [key["secret"] for key in json.loads(ring.read_text())["keys"].values()]
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret[:12] in said]
