"""`rollbook import csv`: what it prints where, and what its options do together."""

import csv
import gzip
import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from commands import rollbook
from exchange.csvs import Place
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MARKS = "Pupil;Day;Code\n1;01.09.2025;P\n2;02.09.2025;A\n"
OPTIONS = (
    *("--delimiter", ";", "--date-format", "DD.MM.YYYY", "--words", "status:P=present,A=absent"),
    *("--map", "student_number=Pupil,date=Day", "--map", "status=Code"),
)


@pytest.fixture
def run(fresh_database: Database, tmp_path: Path) -> Run:
    def command(*arguments: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[str]":
        named = {"COLUMNS": "200", "ROLLBOOK_TENANT": "oak-valley"}
        return rollbook(fresh_database, "import", "csv", *arguments, given=stdin, cwd=tmp_path, **named)

    return command


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Place:
    """Lend a tenant with two students."""
    place = Place(fresh_database.url, tmp_path)
    place.bring("students", "student_number,last_name\n1,Byron\n2,Hopper\n")
    return place


def test_a_template_is_a_header_and_a_line(run: Run) -> None:
    done = run("grades", "--template")

    rows = list(csv.reader(StringIO(done.stdout)))
    assert (done.returncode, len(rows)) == (0, 2)
    assert rows[0] == [one.name for one in KINDS["grades"].fields]


def test_a_description_names_every_column(run: Run) -> None:
    described = json.loads(run("attendance", "--describe", "--json").stdout)

    assert described["columns"][0] == {
        "column": "student_number",
        "needed": "yes",
        "form": "text, at most 200 characters",
        "meaning": "the district's own number",
    }
    assert described["columns"][3]["form"] == "one of present, absent, tardy, excused"


@pytest.mark.usefixtures("place")
def test_what_is_said_once_can_be_kept_and_used_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text(MARKS)

    first = run("attendance", "marks.csv", *OPTIONS, "--save-map", "kept.toml", "--json")
    again = run("attendance", "marks.csv", "--map", "kept.toml", "--json")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert json.loads(first.stdout)["tables"][0]["new"] == 2
    assert json.loads(again.stdout)["tables"][0]["unchanged"] == 2
    assert "marks.csv: student_number <- Pupil" in first.stderr


def test_a_dry_run_saves_the_map_and_writes_no_row(run: Run, place: Place, tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text(MARKS)

    done = run("attendance", "marks.csv", *OPTIONS, "--save-map", "kept.toml", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert '"status" = "Code"' in (tmp_path / "kept.toml").read_text()
    assert place.rows("SELECT count(*) FROM attendance_records") == [(0,)]


def test_standard_input_and_gzip_are_files_like_others(run: Run, place: Place, tmp_path: Path) -> None:
    plain = b"student_number,date,status\n1,2025-09-01,absent\n"
    (tmp_path / "more.csv.gz").write_bytes(gzip.compress(plain.replace(b"-01,", b"-02,")))

    piped, packed = run("attendance", "-", stdin=plain), run("attendance", "more.csv.gz")

    assert (piped.returncode, packed.returncode) == (0, 0), piped.stderr + packed.stderr
    assert place.rows("SELECT count(*) FROM attendance_records") == [(2,)]


@pytest.mark.usefixtures("place")
def test_rejected_rows_are_findings(run: Run) -> None:
    rows = b"student_number,date,status\n1,2025-09-01,absent\n7,2025-09-01,absent\n"

    done = run("attendance", "-", "--max-rejects", "1", stdin=rows)

    assert done.returncode == 3
    assert "attendance.csv, line 3, column student_number: has no match in students" in done.stderr


def test_a_large_plain_file_of_marks_is_loaded_by_the_month(run: Run, place: Place, tmp_path: Path) -> None:
    days = [
        f"{year}-{month:02}-{day:02}"
        for year in (2024, 2025)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    lines = [
        f"{student},{day},{period},present,\n"
        for day in days
        for student in (1, 2)
        for period in range(1, 21)
    ]
    repeated = "student_number,date,period,status,reason\n" + "".join(lines)
    (tmp_path / "marks.csv").write_text(repeated + lines[5])
    assert (tmp_path / "marks.csv").stat().st_size < 1_000_000, "this one goes the usual way"
    (tmp_path / "large.csv").write_text(repeated.replace("present,", "present," + "x" * 20))

    refused, done = run("attendance", "marks.csv"), run("attendance", "large.csv")

    assert f"line {len(lines) + 2}, column student_number, date, period: repeats line 7" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert place.rows("SELECT count(*), count(DISTINCT import_id) FROM attendance_records") == [
        (len(lines), 1)
    ]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("attendanse", "x.csv"), "There is no kind of record 'attendanse'. Is it 'attendance'?"),
        (("attendance",), "Say which file, or - for standard input"),
        (("attendance", "x.csv"), "There is no file or folder x.csv."),
        (("grades", "-", "--by-exception"), "--by-exception speaks of attendance, not of grades."),
        (("attendance", "-", "--by-exception"), "--by-exception speaks of one school"),
        (("attendance", "-", "--by-exception", "--school", "OAK"), "needs --submitted-through DATE"),
        (("students", "-", "--complete"), "A file of students cannot be complete"),
        (("attendance", "-", "--encoding", "ebcdic"), "'ebcdic' is no encoding that is read"),
        (("attendance", "-", "--map", "when=Day"), "attendance have no column 'when'."),
        (("attendance", "-", "--map", "none.toml"), "none.toml cannot be read as a mapping"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr.splitlines()[-1]
