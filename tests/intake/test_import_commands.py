"""`rollbook import history`, `undo` and `rejects`: data on stdout, the rest on stderr, and the exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from intake.school import District, Drop
from rollbook.intake.errors import FileEmpty
from rollbook.intake.page import page
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
# The command line, with the register's format known to it.
COMMAND = "import sys, intake.school; from rollbook.cli import run; sys.exit(run())"
BAD = "5,<b>Eve</b>,13,free,"


@pytest.fixture
def run(fresh_database: Database) -> Run:
    def command(*arguments: object) -> "subprocess.CompletedProcess[str]":
        urls = {"ROLLBOOK_DATABASE_URL": fresh_database.url, "ROLLBOOK_OWNER_URL": fresh_database.owner_url}
        path = {"PYTHONPATH": str(Path(__file__).parents[1])}
        return subprocess.run(
            [sys.executable, "-c", COMMAND, "import", *map(str, arguments)],
            env=os.environ | urls | path | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def document(done: "subprocess.CompletedProcess[str]") -> Any:  # noqa: ANN401 -- whatever the command prints
    assert done.returncode in {0, 3}, done.stderr
    return json.loads(done.stdout)


def test_history_lists_the_latest_first(run: Run, district: District, drop: Drop) -> None:
    district.bring(drop)
    district.bring(drop.change("students.csv", "1,Ada,3", "1,Ada,4"))

    done = run("history")

    assert done.returncode == 0, done.stderr
    header, second, first = (line.split() for line in done.stdout.splitlines())
    assert header[:3] == ["import", "state", "format"]
    assert second[:5] == ["2", "done", "register", "1.0", "sis"]
    assert second[-3:] == ["students:", "1", "changed"]
    assert first[0] == "1"
    assert [one["import_id"] for one in document(run("history", "--limit", 1, "--json"))] == [2]


def test_history_says_why_an_import_was_refused(run: Run, district: District, drop: Drop) -> None:
    drop.files["schools.csv"] = b""
    with pytest.raises(FileEmpty):
        district.bring(drop)

    (refused,) = document(run("history", "--json"))

    assert (refused["state"], refused["reason"]) == (
        "refused",
        "schools.csv is empty; its first line must name the columns.",
    )


def test_undo_asks_first_and_says_what_it_did(run: Run, district: District, drop: Drop) -> None:
    district.bring(drop)

    asked = run("undo", 1)
    dry = document(run("undo", 1, "--dry-run", "--json"))
    done = run("undo", 1, "--yes")

    assert asked.returncode == 1
    assert "Go on?" in asked.stderr
    assert "Error: Nothing was done: nobody said yes. Where nobody can be asked, say --yes." in asked.stderr
    assert (dry["is_dry_run"], dry["tables"]["students"]["removed"]) == (True, 4)
    assert done.returncode == 0, done.stderr
    assert ["students", "4", "0", "0"] in [line.split() for line in done.stdout.splitlines()]
    assert "Import 1 was undone." in done.stderr
    assert district.rows("SELECT count(*) FROM students") == [(0,)]


def test_undo_that_is_refused_is_one_sentence(run: Run, district: District, drop: Drop) -> None:
    district.bring(drop)
    district.bring(drop.change("students.csv", "1,Ada,3", "1,Ada,4"))

    done = run("undo", 1, "--yes")

    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Error: Import 1 cannot be undone any more: students: of its rows 1 were changed since."
        " Undo the later imports first."
    )


def test_rejects_are_listed_exported_fixed_and_retried(
    run: Run, district: District, drop: Drop, tmp_path: Path
) -> None:
    district.bring(drop.add("students.csv", BAD, "6,Fay,1,X,"), max_rejects=2)

    listed = run("rejects")
    exported = document(run("rejects", "--export", tmp_path / "fix.csv", "--json"))
    content = (tmp_path / "fix.csv").read_text(encoding="utf-8")
    (tmp_path / "fix.csv").write_text(content.replace(",13,", ",12,"), encoding="utf-8")
    refused = run("rejects", "--retry", tmp_path / "fix.csv")
    done = run(
        *("rejects", 1, "--retry", tmp_path / "fix.csv", "--max-rejects", 1),
        *("--html", tmp_path / "page.html", "--json"),
    )

    assert "students.csv  grade is not a whole number from 0 to 12" in listed.stdout
    assert exported == [{"file": "students.csv", "path": str(tmp_path / "fix.csv"), "rows": 2}]
    assert refused.returncode == 1
    assert "students.csv, line 3, column lunch: is not one of free, reduced, paid." in refused.stderr
    assert done.returncode == 3, "rows were rejected again"
    assert document(done)["counts"]["students"]["new"] == 1
    assert district.rows("SELECT last_name FROM students WHERE student_number = '5'") == [("<b>Eve</b>",)]
    assert "1 row was rejected" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_export_and_retry_are_two_steps(run: Run, district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop.add("students.csv", BAD), max_rejects=1)

    done = run("rejects", "--export", tmp_path / "a.csv", "--retry", tmp_path / "b.csv")

    assert (done.returncode, list(tmp_path.glob("*.csv"))) == (1, [])


def test_no_rejects(run: Run, district: District, drop: Drop) -> None:
    district.bring(drop)

    assert run("rejects").stderr.strip() == "Error: No rejected rows of import any wait to be fixed."


class _Reader(HTMLParser):
    """Notes the tags, what they load, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.words.append(" ".join(data.split()))


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def test_the_page_answers_first_and_needs_nothing_else(district: District, drop: Drop) -> None:
    drop.add("students.csv", *(f"{n},Kim,1,X,2025-01-01" for n in range(10, 16)))

    html = read(page(district.bring(drop, max_rejects=10, is_lenient=True)))

    assert "This drop wrote 14 rows." in html.words
    assert "lunch 'X' is not one of free, reduced, paid" in html.words
    assert html.loads == []
    assert "script" not in html.tags


def test_the_page_escapes_what_came_with_the_files(district: District, drop: Drop) -> None:
    drop.files["students.csv"] = drop.files["students.csv"].replace(b"since\n", b"since,<script>x\n", 1)
    lines = drop.files["students.csv"].splitlines(keepends=True)
    drop.files["students.csv"] = lines[0] + b"".join(line[:-1] + b",1\n" for line in lines[1:])

    html = read(page(district.bring(drop, is_dry_run=True)))

    assert "script" not in html.tags
    assert "<script>x" in html.words


def test_the_page_says_what_speaks_against_the_drop(district: District, drop: Drop) -> None:
    district.bring(drop)
    for number in "123":
        drop.files["enrollments.csv"] = drop.files["enrollments.csv"].replace(
            f"{number},OAK,2025-09-01\n".encode(), b""
        )

    html = read(page(district.bring(drop, is_dry_run=True)))

    assert "This drop is refused: nothing was written." in html.words
    assert "--accept-shrink student_school_enrollments" in html.words
