"""The quarantine: what is rejected waits whole and is grouped by cause, without a pupil's data."""

from datetime import timedelta

import pytest

from intake.rejecting import bring_and_keep, rejected
from intake.school import District, Drop
from rollbook.intake.quarantine import Cause, causes_of
from rollbook.intake.receipts import find_import
from rollbook.intake.refusals import TooManyRejects


def causes(district: District, import_id: int) -> list[str]:
    with district.session() as db:
        return [str(cause) for cause in causes_of(db, import_id)]


def test_a_bad_row_waits_and_the_good_ones_go_on(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,Eve,13,free,", "6,Fay,1,free,")

    outcome = district.bring(drop, max_rejects=1)

    assert (outcome.rejected, outcome.counts["students"].new) == (1, 5)
    assert rejected(district) == [
        ("students.csv", 6, "grade", "digits", "is not a whole number from 0 to 12")
    ]
    assert district.rows("SELECT fields FROM intake_rejects") == [
        ({"number": "5", "name": "Eve", "grade": "13", "lunch": "free"},)
    ]


def test_one_reject_too_many_refuses_all_and_keeps_the_rejects(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,Eve,13,free,", "6,Fay,14,free,")

    with pytest.raises(TooManyRejects, match=r"students.csv, line 6, column grade: .* \(and 1 more"):
        district.bring(drop, max_rejects=1)

    assert district.rows("SELECT count(*) FROM students") == [(0,)]
    assert len(rejected(district)) == 2
    assert district.rows("SELECT state, rejected FROM imports") == [("refused", 2)]


def test_a_dry_run_keeps_no_rejects(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.add("students.csv", "5,Eve,13,free,")

    outcome = district.bring(drop, is_dry_run=True)

    assert (outcome.rejected, outcome.is_refused) == (1, True)
    assert rejected(district) == []


def test_each_fault_of_a_row_is_named(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,,13,free,")

    bring_and_keep(district, drop)

    assert [row[1:4] for row in rejected(district)] == [(6, "grade", "digits"), (6, "name", "empty")]


def test_what_depends_on_a_reject_says_so(district: District, drop: Drop) -> None:
    drop.change("students.csv", "1,Ada,3", "1,Ada,99").add("enrollments.csv", "77,OAK,2025-09-01")

    import_id = bring_and_keep(district, drop)

    assert causes(district, import_id) == [
        "2 rows of marks.csv: number refers to a rejected row of students.csv",
        "1 row of enrollments.csv: number refers to a rejected row of students.csv",
        "1 row of enrollments.csv: number has no match in students.csv",
        "1 row of students.csv: grade is not a whole number from 0 to 12",
    ]


@pytest.mark.parametrize(
    ("line", "reason", "fields"),
    [
        ("5,Eve", "has 2 values instead of 5", {"number": "5", "name": "Eve"}),
        (
            "5,Eve,1,free,,x,=y",
            "has 7 values instead of 5",
            {
                "number": "5",
                "name": "Eve",
                "grade": "1",
                "lunch": "free",
                "since": "",
                "rollbook_rest": "x,=y",
            },
        ),
    ],
)
def test_a_line_that_is_no_row_is_kept_as_far_as_it_goes(
    district: District, drop: Drop, line: str, reason: str, fields: dict[str, str]
) -> None:
    bring_and_keep(district, drop.add("students.csv", line))

    assert district.rows("SELECT reason, value_class, fields FROM intake_rejects") == [
        (reason, "row", fields)
    ]


def test_a_code_that_comes_up_often_is_named(district: District, drop: Drop) -> None:
    drop.add("students.csv", *(f"{n},Kim,1,X,2025-01-01" for n in range(10, 16)))

    import_id = bring_and_keep(district, drop)

    assert causes(district, import_id) == [
        "6 rows of students.csv: lunch 'X' is not one of free, reduced, paid"
    ]


def test_what_is_no_code_is_never_named(district: District, drop: Drop) -> None:
    """A shift of columns puts names where codes should be, and numbers of pupils where grades should be."""
    names = [f"{n},{n * 7},Kim,Name{n},2025-01-01" for n in range(10, 60)]
    rare = ["90,Kim,1,Byron,2025-01-01"]
    once_and_again = [f"{n},Kim,Lovelace,paid,2025-01-01" for n in range(100, 110)]
    drop.add("students.csv", *names, *rare, *once_and_again)

    import_id = bring_and_keep(district, drop)

    told = " ".join(causes(district, import_id)) + str(rejected(district))
    assert "61 rows" not in told
    assert all(word not in told for word in ("Name", "Byron", "Lovelace", "70"))
    assert {row[3] for row in rejected(district)} == {"mixed", "letters"}


def test_repeated_lines_are_one_cause(district: District, drop: Drop) -> None:
    drop.add("students.csv", "1,Ada,3,free,", "2,Ben,4,paid,", "1,Ada,3,free,")

    assert causes(district, bring_and_keep(district, drop)) == [
        "3 rows of students.csv: number repeats an earlier line"
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "empty"),
        ("7", "digits"),
        ("-7,5", "number"),
        ("2025-13-45", "date-like"),
        ("1/2/2025", "date-like"),
        ("Zoë", "letters"),
        ("Ada Byron", "words"),
        ("ada@example.org", "mixed"),
        ("a1", "mixed"),
    ],
)
def test_a_value_is_told_by_its_kind(district: District, drop: Drop, value: str, kind: str) -> None:
    drop.add("marks.csv", f'1,"{value}",present')

    bring_and_keep(district, drop)

    assert [row[3] for row in rejected(district)] == [kind]


def test_old_rejects_are_forgotten(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,Eve,13,free,")
    import_id = bring_and_keep(district, drop)
    with district.session() as db:
        find_import(db, import_id).started_at -= timedelta(days=91)
        db.commit()

    district.bring(drop, max_rejects=1)

    assert district.rows("SELECT DISTINCT import_id FROM intake_rejects") == [(import_id + 1,)]


def test_a_cause_reads_as_a_sentence() -> None:
    assert (
        str(Cause("a.csv", "lunch", "lunch 'X' is unknown", 1052, 3))
        == "1,052 rows of a.csv: lunch 'X' is unknown"
    )
