"""Each kind of record, from its template into the rooms' tables and back."""

from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal as Number
from pathlib import Path
from typing import Any

import pytest

from exchange.csvs import BEFORE, Place, csv_text, example
from rollbook.exchange.csv_files.errors import KindUnknown
from rollbook.exchange.csv_files.kinds import KINDS, kind_of
from rollbook.intake.kinds import Field
from rollbook.intake.moments import Clock, Day
from rollbook.intake.values import Decimal, Flag, Several, WholeNumber, Word
from rollbook.testing.databases import Database, TestServer


@pytest.fixture(scope="module")
def filled(rollbook_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Lend a tenant into which every template was imported."""
    with rollbook_server.database() as database:
        place = Place(database.url, tmp_path_factory.mktemp("csv"))
        place.bring_examples()
        yield place


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Place:
    return Place(fresh_database.url, tmp_path)


MEANT: dict[type, Callable[[str], object]] = {
    Day: date.fromisoformat,
    Clock: time.fromisoformat,
    WholeNumber: int,
    Decimal: Number,
    Flag: lambda text: text == "true",
    Several: lambda text: text.split(";"),
}


def meant(one: Field, text: str) -> object:
    """Say, apart from SQL, what a text of a template means."""
    if not text:
        return None
    if isinstance(one.value, Word) and one.value.is_number:
        return int(text)
    return MEANT.get(type(one.value), str)(text)


@pytest.mark.parametrize("name", KINDS)
def test_a_template_is_kept_as_it_is_meant(filled: Place, name: str) -> None:
    kind = KINDS[name]
    expected = {one.name: meant(one, one.example) for one in kind.fields}
    # the two that a default stands for
    expected |= {one.name: None for one in kind.fields if not one.example and one.default is not None}

    lines = filled.told(kind)

    lines = [line for line in lines if line.get("course_code") != "MATH8"]
    assert len(lines) == 1
    assert {field: value for field, value in lines[0].items() if expected[field] is not None} == {
        field: value for field, value in expected.items() if value is not None
    }


@pytest.mark.parametrize("name", KINDS)
def test_a_template_again_changes_nothing(filled: Place, name: str) -> None:
    again = filled.bring(name, csv_text(example(KINDS[name])))

    assert (again.written, [table.unchanged for table in again.tables]) == (0, [1] * len(again.tables))


def test_what_was_written_comes_back_from_the_tables_in_another_tenant(filled: Place, place: Place) -> None:
    for name, kind in KINDS.items():
        if name in BEFORE:
            place.bring(*BEFORE[name])
        place.bring(name, csv_text(*[_as_text(line) for line in filled.told(kind)]))

    for kind in KINDS.values():
        assert place.told(kind) == filled.told(kind)


def _as_text(line: dict[str, Any]) -> dict[str, Any]:
    return {
        name: "" if value is None else ";".join(value) if isinstance(value, list) else str(value)
        for name, value in line.items()
    }


def test_every_kind_says_what_it_is() -> None:
    for kind in KINDS.values():
        assert kind.says.endswith(".")
        assert {one.name for one in kind.fields if one.is_required} <= {
            one.name for one in kind.fields if one.example
        }


def test_a_kind_that_nobody_knows_is_told_with_what_is_near() -> None:
    with pytest.raises(KindUnknown, match=r"'attendances'. Is it 'attendance'"):
        kind_of("attendances")
