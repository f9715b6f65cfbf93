"""Bad drops: one sentence that names the place, and a database as it was."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.drops import Drop, everything, is_empty
from rollbook.core.errors import RollbookError
from rollbook.core.tenancy import TenantSlugInvalid
from rollbook.exchange.oulad import ClicksOverflow, DropMissing, ImportRefused, ImportSummary
from rollbook.intake.errors import (
    ColumnMissing,
    ColumnRepeated,
    EncodingUnknown,
    FileEmpty,
    FileMissing,
    FileUnreadable,
    HeaderUnreadable,
    LineTooLong,
    QuoteNotClosed,
)
from rollbook.testing.databases import Database, TestServer

Import = Callable[..., ImportSummary]
Refused = Callable[..., str]

MEBIBYTE = 1 << 20


@pytest.fixture
def refused(import_drop: Import, rollbook_server: TestServer, fresh_database: Database) -> Refused:
    """Import what must be refused as ``error``, see that nothing was written, and return the sentence."""

    def run(source: Drop | Path, error: type[RollbookError] = ImportRefused) -> str:
        with pytest.raises(error) as raised:
            import_drop(source)
        assert raised.type is error
        assert raised.value.exit_code == 1
        assert is_empty(everything(rollbook_server, fresh_database)), "the database is as it was"
        return str(raised.value)

    return run


def test_a_directory_that_is_not_there(refused: Refused, tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in refused(tmp_path / "nowhere", DropMissing)


def test_a_directory_without_the_files(refused: Refused, tmp_path: Path) -> None:
    assert refused(tmp_path, FileMissing) == f"{tmp_path} has no file courses.csv."


def test_one_file_is_missing(refused: Refused, drop: Drop) -> None:
    del drop.files["vle.csv"]

    assert refused(drop, FileMissing) == f"{drop.directory} has no file vle.csv."


def test_an_empty_file(refused: Refused, drop: Drop) -> None:
    drop.files["assessments.csv"] = b""

    assert refused(drop, FileEmpty).startswith("assessments.csv is empty")


def test_a_missing_column(refused: Refused, drop: Drop) -> None:
    drop.change("studentAssessment.csv", "is_banked,score", "is_banked,mark")

    assert refused(drop, ColumnMissing) == "studentAssessment.csv, line 1: the column score is missing."


def test_a_column_that_is_there_twice(refused: Refused, drop: Drop) -> None:
    drop.change("vle.csv", "week_from,week_to", "week_from,week_to,week_to")

    assert refused(drop, ColumnRepeated) == "vle.csv, line 1: the column week_to is there twice."


@pytest.mark.parametrize(
    ("rubbish", "error"),
    [(b"\xff\xfe\x00c", EncodingUnknown), (b'"code_module', QuoteNotClosed), (b"a\0b", HeaderUnreadable)],
)
def test_a_header_that_is_no_text(
    refused: Refused, drop: Drop, rubbish: bytes, error: type[RollbookError]
) -> None:
    drop.files["courses.csv"] = rubbish + b"\n"

    assert refused(drop, error).startswith("courses.csv, line 1")


@dataclass(frozen=True)
class Fault:
    """A row that is spoiled, and what must be said of it."""

    file: str
    old: str
    new: str | bytes
    column: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.new!r}"


FAULTS = [
    Fault("courses.csv", "AAA,2014B", "AAA,2014X", "code_presentation", "is not a presentation such as"),
    Fault("courses.csv", "2014B,240", "2014B,0", "module_presentation_length", "from 1 to 1000"),
    Fault(
        "courses.csv", "AAA,2014B,240", "AAA,2013J,240", "code_module, code_presentation", "repeats line 2"
    ),
    Fault("studentInfo.csv", "AAA,2014B,9", "CCC,2014B,9", "code_module, code_presentation", "courses.csv"),
    Fault("studentInfo.csv", "AAA,2014B,9", "AAA,2014B,x9", "id_student", "whole number from 0"),
    Fault("studentInfo.csv", "AAA,2014B,9", "AAA,2014B,09", "id_student", "whole number from 0"),
    Fault("studentInfo.csv", "90-100%", "90\t100%", "imd_band", "on one line"),
    Fault("studentInfo.csv", "Y,Distinction", "maybe,Distinction", "disability", "is not one of True"),
    Fault("studentInfo.csv", "Y,Distinction", "Y,", "final_result", "is not one of Distinction"),
    Fault("studentRegistration.csv", "-5,", "12.5,", "date_registration", "whole number from -1000"),
    Fault("studentRegistration.csv", "-5,", "2014-01-27,", "date_registration", "whole number from -1000"),
    Fault("studentRegistration.csv", "-5,", "99999999999999999999,", "date_registration", "whole number"),
    Fault("studentRegistration.csv", "-5,", "-5,1 ", "date_unregistration", "whole number from -1000"),
    Fault(
        "studentRegistration.csv",
        "9,-5,",
        "10,-5,",
        "code_module, code_presentation, id_student",
        "studentInfo",
    ),
    Fault("assessments.csv", "CMA,19,12.5", "QUIZ,19,12.5", "assessment_type", "is not one of TMA"),
    Fault("assessments.csv", "CMA,19,12.5", "CMA,19,100.1", "weight", "number from 0 to 100"),
    Fault("assessments.csv", "CMA,19,12.5", "CMA,19,nan", "weight", "number from 0 to 100"),
    Fault("studentAssessment.csv", "18,1,100", "18,1,1e400", "score", "number from 0 to 100"),
    Fault("studentAssessment.csv", "18,1,100", "18,1,-1", "score", "number from 0 to 100"),
    Fault("studentAssessment.csv", "201,9,18", "201,9,", "date_submitted", "whole number from -1000"),
    Fault(
        "studentAssessment.csv", "201,9,18", "209,9,18", "id_assessment", "has no match in assessments.csv"
    ),
    Fault("studentAssessment.csv", "201,9,18", "201,8,18", "id_student", "is not registered"),
    Fault("studentAssessment.csv", "201,9,18", "101,7,18", "id_assessment, id_student", "repeats line 2"),
    Fault("vle.csv", "502,AAA", "501,AAA", "id_site", "repeats line 2"),
    Fault("studentVle.csv", "9,501,31,7", "9,501,31,0", "sum_click", "whole number from 1"),
    Fault("studentVle.csv", "9,501,31,7", "9,501,3.1,7", "date", "whole number from -1000"),
    Fault("studentVle.csv", "9,501,31,7", "9,501,,7", "date", "whole number from -1000"),
    Fault(
        "studentVle.csv",
        "2013J,9,501",
        "2014B,8,501",
        "code_module, code_presentation, id_student",
        "studentInfo",
    ),
    Fault("studentVle.csv", "9,501,31,7", "9,501,3\0001,7", "date", "holds a NUL byte"),
    Fault("studentVle.csv", "AAA,2013J,9", b"AA\xc3,2013J,9", "code_module", "is not UTF-8"),
    Fault("studentVle.csv", "9,501,31,7", "9,501,31\r,7", None, "holds a carriage return"),
    Fault("studentVle.csv", "9,501,31,7", "9,501,31", None, "has 5 values instead of 6"),
    Fault("studentVle.csv", "9,501,31,7", '9,501,"31,7"', None, "has 5 values instead of 6"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_faulty_row_is_named(refused: Refused, drop: Drop, fault: Fault) -> None:
    line = 1 + drop.files[fault.file].partition(fault.old.encode())[0].count(b"\n")
    drop.change(fault.file, fault.old, fault.new)

    sentence = refused(drop)

    column = f", column {fault.column}" if fault.column else ""
    assert sentence.startswith(f"{fault.file}, line {line}{column}: ")
    assert fault.reason in sentence
    assert sentence.endswith("Nothing was imported.")


def test_every_fault_counts_and_the_first_are_listed(import_drop: Import, drop: Drop) -> None:
    drop.files["studentVle.csv"] += b"AAA,2013J,8,501,soon,1\n" * 30
    drop.change("courses.csv", "2014B,240", "2014B,long")

    with pytest.raises(ImportRefused) as raised:
        import_drop(drop)

    rejects = raised.value.rejects
    assert str(rejects.shown[0]).startswith("courses.csv, line 3, column module_presentation_length")
    assert rejects.counts == {
        "courses.csv": 1,
        "studentInfo.csv": 1,
        "studentRegistration.csv": 1,
        "assessments.csv": 1,
        "studentAssessment.csv": 1,
        "studentVle.csv": 30,
    }
    assert len(rejects.shown) == 20
    assert "and 34 more rejected rows" in str(raised.value)


def test_what_a_row_says_is_told_to_nobody(import_drop: Import, drop: Drop) -> None:
    drop.change("studentInfo.csv", "AAA,2014B,9", "AAA,2014B,Jane Doe")

    with pytest.raises(ImportRefused) as raised:
        import_drop(drop)

    assert "Jane" not in str(raised.value) + str(raised.value.facts)


def test_a_few_faulty_rows_may_be_left_out(
    import_drop: Import, drop: Drop, rows: Callable[..., list[tuple[int, ...]]]
) -> None:
    drop.change("studentAssessment.csv", "101,7,18,False,78", "101,7,soon,False,78")
    drop.change("studentAssessment.csv", "201,9,18,1,100", "201,9")

    summary = import_drop(drop, max_rejects=2)

    assert [(reject.line, reject.column) for reject in summary.rejects] == [(6, None), (2, "date_submitted")]
    assert {file.file: file.rejected for file in summary.files}["studentAssessment.csv"] == 2
    assert rows("SELECT count(*) FROM grades") == [(3,)]


def test_what_belongs_to_a_row_left_out_is_left_out(
    import_drop: Import, drop: Drop, rows: Callable[..., list[tuple[int, ...]]]
) -> None:
    drop.change("studentRegistration.csv", "AAA,2013J,8,-159,", "AAA,2013J,8,never,")

    summary = import_drop(drop, max_rejects=10)

    assert summary.rejected == 1 + 1 + 2 + 3, "the registration, the student, two submissions, three clicks"
    assert rows("SELECT count(*) FROM students WHERE student_number = '8'") == [(0,)]


def test_one_row_more_than_may_be_left_out(import_drop: Import, drop: Drop) -> None:
    drop.files["vle.csv"] += b"x,AAA,2013J,url,,\n" * 3

    with pytest.raises(ImportRefused):
        import_drop(drop, max_rejects=2)


def test_a_line_of_two_gigabytes(refused: Refused, drop: Drop) -> None:
    # A member of gzip may follow another: two thousand times the same mebibyte, on disk two megabytes.
    directory = drop.write()
    (directory / "studentVle.csv").unlink()
    with (directory / "studentVle.csv.gz").open("wb") as file:
        file.write(gzip.compress(drop.files["studentVle.csv"]))
        file.write(gzip.compress(b"x" * MEBIBYTE) * 2048)

    assert refused(directory, LineTooLong).startswith(
        "studentVle.csv.gz, line 6: the line is longer than 1048576"
    )


def test_two_gigabytes_of_nothing(refused: Refused, drop: Drop) -> None:
    directory = drop.write()
    with (directory / "vle.csv").open("r+b") as file:
        file.truncate(2048 * MEBIBYTE)

    assert refused(directory, LineTooLong).startswith("vle.csv, line 4")


def test_a_quotation_mark_that_nobody_closes(refused: Refused, drop: Drop) -> None:
    drop.change("vle.csv", "502,AAA", '"502,AAA')

    assert refused(drop, QuoteNotClosed).startswith("vle.csv, line 3")


def test_a_file_that_was_cut_off(refused: Refused, drop: Drop) -> None:
    directory = drop.write()
    (directory / "studentVle.csv").unlink()
    whole = gzip.compress(drop.files["studentVle.csv"])
    (directory / "studentVle.csv.gz").write_bytes(whole[:-12])

    assert refused(directory, FileUnreadable).startswith("studentVle.csv.gz cannot be read")


def test_a_file_that_is_no_gzip(refused: Refused, drop: Drop) -> None:
    directory = drop.write()
    (directory / "studentVle.csv").rename(directory / "studentVle.csv.gz")

    assert refused(directory, FileUnreadable).startswith("studentVle.csv.gz cannot be read")


def test_more_clicks_than_fit(refused: Refused, drop: Drop) -> None:
    drop.files["studentVle.csv"] += b"AAA,2013J,8,501,5,100000\n" * 22_000

    assert "2200000000" in refused(drop, ClicksOverflow)


@pytest.mark.parametrize("slug", ["", "Upper", "a b", "-x", "x" * 64])
def test_a_tenant_that_cannot_be_named_so(import_drop: Import, drop: Drop, slug: str) -> None:
    with pytest.raises(TenantSlugInvalid):
        import_drop(drop, tenant_slug=slug)
