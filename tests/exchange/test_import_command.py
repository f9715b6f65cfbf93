"""`rollbook import oulad`: data on stdout, the rest on stderr, and the exit code that says how it went."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import rollbook
from exchange.drops import Drop
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database) -> Run:
    def command(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, "import", "oulad", *arguments, COLUMNS="200")

    return command


def test_a_table_says_what_became_of_each_file(run: Run, drop: Drop) -> None:
    done = run(drop.write())

    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["file", "rows", "read", "rejected", "table", "inserted", "updated", "unchanged"]
    assert ["studentVle.csv", "4", "0", "analytics_events", "3", "0", "0"] in lines
    assert ["vle.csv", "2", "0", "-", "-", "-", "-"] in lines
    assert "oulad: 26 rows written" in done.stdout


def test_json_is_one_document_on_stdout(run: Run, drop: Drop) -> None:
    run(drop.write())

    done = run(drop.directory, "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["tenant"], document["written"]) == (0, "oulad", 0)
    assert document["tables"][-1] == {
        "table": "analytics_events",
        "source": "studentVle.csv",
        "inserted": 0,
        "updated": 0,
        "unchanged": 3,
    }


def test_a_faulty_row_ends_in_one_sentence(run: Run, drop: Drop) -> None:
    drop.change("studentAssessment.csv", "18,1,100", "18,1,1e400")

    done = run(drop.write())

    assert (done.returncode, done.stdout) == (1, "")
    sentence = (
        "studentAssessment.csv, line 6, column score: is not a number from 0 to 100. Nothing was imported."
    )
    assert done.stderr.splitlines()[-1] == f"Error: {sentence}"


def test_a_refusal_in_json_lists_the_rows(run: Run, drop: Drop) -> None:
    drop.change("studentAssessment.csv", "18,1,100", "18,1,1e400")

    done = run(drop.write(), "--json")

    error = json.loads(done.stderr[done.stderr.index("{") :])["error"]
    assert (done.returncode, error["code"]) == (1, "ImportRefused")
    assert error["details"]["rejects"] == [
        {
            "file": "studentAssessment.csv",
            "line": 6,
            "column": "score",
            "reason": "is not a number from 0 to 100",
        }
    ]


def test_rows_left_out_are_findings(run: Run, drop: Drop) -> None:
    drop.change("studentAssessment.csv", "18,1,100", "18,1,1e400")

    done = run(drop.write(), "--max-rejects", "1")

    assert done.returncode == 3
    assert "Rejected: studentAssessment.csv, line 6, column score: is not a number" in done.stderr
    assert "oulad: 25 rows written" in done.stdout


def test_wrong_use_is_not_a_failure(run: Run) -> None:
    assert run().returncode == 2
