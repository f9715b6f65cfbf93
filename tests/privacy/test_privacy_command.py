"""`rollbook privacy record`: noted before it is written, whole or not at all, for this account only."""

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
HANDED = ("--to", "the mother", "--because", "she asked")


@pytest.fixture
def run(fresh_database: Database) -> Run:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        make.create_student(db, "PPEU", name="Ada Byron", number="S1")
    close_engines(fresh_database.url)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, *arguments)

    return command


def disclosed(run: Run) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("audit", "disclosures", "S1", "--json").stdout)
    return [one for one in found if one["what"] == "complete record"]


def test_a_record_is_printed_as_json_and_noted(run: Run) -> None:
    answer = run("privacy", "record", "S1", *HANDED)
    told = json.loads(answer.stdout)
    again = run("privacy", "record", told["student"]["student_id"], *HANDED, "--json")

    assert (answer.returncode, again.returncode) == (0, 0)
    assert told["student"]["name"] == "Ada Byron"
    assert len(told["sections"]["attendance_records"]["rows"]) == 4
    assert [one["purpose"] for one in disclosed(run)] == ["to the mother: she asked"] * 2


def test_the_pdf_is_for_this_account_only_and_never_written_over_unasked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "record.pdf"
    first = run("privacy", "record", "S1", *HANDED, "--pdf", str(path))
    made = path.read_bytes()
    refused = run("privacy", "record", "S1", *HANDED, "--pdf", str(path))

    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert made.startswith(b"%PDF-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    assert path.read_bytes() == made
    assert len(disclosed(run)) == 1, "what was refused was not handed out"
    assert run("privacy", "record", "S1", *HANDED, "--pdf", str(path), "--yes").returncode == 0


def test_what_cannot_be_is_a_sentence(run: Run, tmp_path: Path) -> None:
    unknown = run("privacy", "record", "S9", *HANDED)
    nowhere = run("privacy", "record", "S1", *HANDED, "--pdf", str(tmp_path / "none" / "r.pdf"))

    assert unknown.returncode == 1
    assert "student" in unknown.stderr
    assert "Traceback" not in unknown.stderr + nowhere.stderr
    assert nowhere.returncode == 1
    assert run("privacy", "record", "S1").returncode == 2, "to whom and what for must be said"
