"""Staging and checking a file of any kind, on a real server."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Text, literal, select, text
from sqlalchemy.orm import Session

from rollbook.core.progress import Silent
from rollbook.intake.checks import check
from rollbook.intake.layout import Code, Column, Decimals, Form, Layout, OneOf, Reference, Whole, Words
from rollbook.intake.rejects import Rejects
from rollbook.intake.stage import Staged, stage

ROOMS = Layout(
    "rooms.csv", "stage_rooms", (Column("room", Words(10)), Column("seats", Whole(1, 99))), ("room",)
)
CHAIRS = Layout(
    "chairs.csv",
    "stage_chairs",
    (Column("room"), Column("colour", OneOf(("red", "blue")), is_required=False)),
    references=(Reference(("room",), ROOMS),),
    absent=("none", "?"),
)

Staging = Callable[[Layout, str], Staged]


@pytest.fixture
def rejects() -> Rejects:
    return Rejects()


@pytest.fixture
def staging(db: Session, rejects: Rejects, tmp_path: Path) -> Staging:
    def run(layout: Layout, content: str) -> Staged:
        (tmp_path / layout.file).write_text(content)
        staged = stage(db, layout, tmp_path / layout.file, rejects, Silent())
        check(db, layout, rejects)
        return staged

    return run


def staged_rows(db: Session, layout: Layout) -> list[tuple[object, ...]]:
    return [tuple(row) for row in db.execute(text(f"TABLE {layout.stage} ORDER BY line_number"))]


def test_a_staged_row_is_text_with_its_line(db: Session, staging: Staging) -> None:
    staged = staging(ROOMS, 'room,seats\nAula,20\n\n"B, left",3\n')

    assert staged_rows(db, ROOMS) == [(2, "Aula", "20"), (4, "B, left", "3")]
    assert staged == Staged("rooms.csv", 2, [])


def test_an_unknown_column_is_staged_and_named(staging: Staging) -> None:
    assert staging(ROOMS, "room,heated,seats\nAula,yes,20\n").ignored_columns == ["heated"]


def test_words_for_no_value_are_none(db: Session, staging: Staging) -> None:
    staging(ROOMS, "room,seats\nAula,20\n")
    staging(CHAIRS, 'room,colour\nAula,none\nAula,?\nAula,""\nAula,red\n')

    assert [colour for *_, colour in staged_rows(db, CHAIRS)] == [None, None, None, "red"]


def test_what_refers_to_a_reject_is_one(db: Session, staging: Staging, rejects: Rejects) -> None:
    staging(ROOMS, "room,seats\nAula,20\nCellar,0\n")
    staging(CHAIRS, "room,colour\nCellar,red\nAula,red\n")

    assert [str(reject) for reject in rejects.shown] == [
        "rooms.csv, line 3, column seats: is not a whole number from 1 to 99",
        "chairs.csv, line 2, column room: has no match in rooms.csv",
    ]
    assert len(staged_rows(db, CHAIRS)) == 1


def test_the_first_of_two_rows_with_a_key_stays(db: Session, staging: Staging, rejects: Rejects) -> None:
    staging(ROOMS, "room,seats\nAula,20\nAula,21\nAula,22\n")

    assert [(reject.line, reject.reason) for reject in rejects.shown] == [
        (3, "repeats line 2"),
        (4, "repeats line 2"),
    ]
    assert staged_rows(db, ROOMS) == [(2, "Aula", "20")]


def test_no_staging_table_outlives_the_transaction(db: Session, staging: Staging) -> None:
    with db.begin_nested() as savepoint:
        staging(ROOMS, "room,seats\nAula,20\n")
        savepoint.rollback()

    assert db.scalar(text("SELECT to_regclass('stage_rooms')")) is None


def holds(db: Session, form: Form, value: str) -> bool:
    found = db.scalar(select(form.holds(literal(value, Text))))
    assert isinstance(found, bool)
    return found


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (
            Whole(-20, 300),
            ["0", "7", "300", "-20"],
            ["", "-", "007", "-0", "+1", "301", "-21", "1.0", "1e2", "٣"],
        ),
        (Whole(0, 9), ["0", "9"], [" 1", "1 ", "1_0", "0x1", "9" * 400]),
        (Decimals(0, 100), ["0", "100", "99.99", "5."], ["1e400", "nan", "inf", ".5", "100.01", "-1", "1,5"]),
        (OneOf(("a", "b")), ["a"], ["A", "", "a "]),
        (Words(3), ["abc", "é", "a b"], ["abcd", "a\nb", "\t"]),
        (Code("[A-Z]{2}", "two letters"), ["AB"], ["ABC", "A", "ab", "AB\n"]),
    ],
)
def test_a_form_knows_its_values(db: Session, form: Form, good: list[str], bad: list[str]) -> None:
    assert {value: holds(db, form, value) for value in good + bad} == dict.fromkeys(
        good, True
    ) | dict.fromkeys(bad, False)


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12))
def test_no_text_makes_a_form_raise(db: Session, value: str) -> None:
    for form in (Whole(-5, 5), Decimals(-5, 5), OneOf(("x",)), Words(5), Code("x", "x")):
        holds(db, form, value)


@given(number=st.integers(-2_000, 2_000))
def test_whole_numbers_agree_with_python(db: Session, number: int) -> None:
    assert holds(db, Whole(-999, 1500), str(number)) == (-999 <= number <= 1500)
