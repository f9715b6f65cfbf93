"""`rollbook import oneroster` and `rollbook export oneroster`: what they print, and their exit codes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import rollbook
from exchange.oneroster.bundles import Drop, read
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(shared_database: Database, tmp_path: Path) -> Run:
    slug = f"c{abs(hash(str(tmp_path))) % 10**10}"

    def command(
        verb: str, *arguments: str | Path, tenant: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        words = (verb, "oneroster", *arguments, "--tenant", tenant or slug)
        return rollbook(shared_database, *words, COLUMNS="200")

    return command


def test_in_and_out(run: Run, drop: Drop, tmp_path: Path) -> None:
    brought = run("import", drop.write(), "--new-tenant")
    handed = run("export", tmp_path / "out.zip", "--json")

    assert (brought.returncode, handed.returncode) == (0, 0), brought.stderr + handed.stderr
    assert "rows written" in brought.stdout
    assert {one["file"]: one["rows"] for one in json.loads(handed.stdout)["files"]}["users.csv"] == 8
    assert len(read(tmp_path / "out.zip")["users"]) == 8


def test_a_refusal_names_the_faults(run: Run, drop: Drop) -> None:
    drop.manifest = {"shoe.size": "9"}

    done = run("import", drop.change("orgs", "oak", type="shop").write(), "--new-tenant")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Fault: manifest.csv, line 25, column propertyName: is no property of a manifest" in done.stderr
    assert "Fault: orgs.csv, line 3, column type: is not one of department, school" in done.stderr


def test_a_file_is_not_written_over_unasked(run: Run, drop: Drop, tmp_path: Path) -> None:
    run("import", drop.write(), "--new-tenant")
    (tmp_path / "out.zip").write_text("mine")

    done = run("export", tmp_path / "out.zip")

    assert done.returncode == 1
    assert (tmp_path / "out.zip").read_text() == "mine"
    assert run("export", tmp_path / "out.zip", "--yes").returncode == 0


def test_an_instant_must_be_one(run: Run, drop: Drop, tmp_path: Path) -> None:
    run("import", drop.write(), "--new-tenant")

    done = run("export", tmp_path / "out.zip", "--since", "yesterday")

    assert done.returncode == 1
    assert "'yesterday' is no instant" in done.stderr


def test_ids_of_two_systems_have_to_be_chosen_from(run: Run, drop: Drop, tmp_path: Path) -> None:
    run("import", drop.write(), "--new-tenant")
    run("import", drop.path, "--source", "other")

    done = run("export", tmp_path / "out.zip")

    assert "oneroster, other" in done.stderr
    assert run("export", tmp_path / "out.zip", "--source", "other").returncode == 0
