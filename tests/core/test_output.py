"""What commands print."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from rollbook.core import output


def test_a_table_is_never_cut_off_and_aligns_numbers_right(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a-very-long-name-" * 10

    output.print_table(("name", "rows"), [(name, 1234567), ("b", 8), (None, None)])

    head, long, short, empty = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert long == f"{name}  1,234,567"
    assert short.endswith("        8")
    assert len(head) == len(short) == len(long)
    assert empty.split() == ["-", "-"]


@dataclass(frozen=True)
class _Fact:
    day: date
    share: Decimal


def test_json_writes_dates_ids_and_decimals_plainly() -> None:
    value = {
        "fact": _Fact(date(2026, 11, 20), Decimal("0.5")),
        "at": datetime(2026, 11, 20, tzinfo=UTC),
        "id": UUID(int=1),
    }

    assert json.loads(output.as_json(value)) == {
        "fact": {"day": "2026-11-20", "share": 0.5},
        "at": "2026-11-20T00:00:00+00:00",
        "id": "00000000-0000-0000-0000-000000000001",
    }


def test_json_refuses_what_has_no_json_form() -> None:
    with pytest.raises(TypeError, match="no JSON form for object"):
        output.as_json(object())
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.as_json(float("nan"))


@pytest.mark.parametrize("name", ["[/b] Ada", "[bold]Ada[/bold]", "Ada [x]"])
def test_a_table_prints_a_name_with_brackets_as_it_is(capsys: pytest.CaptureFixture[str], name: str) -> None:
    output.print_table(("name",), [(name,)])

    assert capsys.readouterr().out.splitlines()[1].rstrip() == name


def test_a_table_without_rows_says_what_that_means(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("name",), [], empty="There is none yet.")

    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "There is none yet.\n")


def test_a_line_ends_where_its_text_does(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("name", "what"), [("a", "short"), ("b", "very much longer " * 9)])

    assert capsys.readouterr().out.splitlines()[1] == "a     short"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_long_last_cell_goes_on_below_itself(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("check", "what was found"), [("disk", "one two three " * 9), ("log", "fine")])

    _, *lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert [line[:5] for line in lines] == ["disk ", "     ", "     ", "log  "]
    assert " ".join(line[5:] for line in lines[:3]).split() == ["one", "two", "three"] * 9


@pytest.mark.usefixtures("terminal")
def test_a_terminal_that_is_too_narrow_cuts_nothing_off(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("name", "what"), [("n" * 50, "w" * 50)])

    assert f"{'n' * 50}  {'w' * 50}" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["", "n\n", "\n"])
def test_what_nobody_confirms_is_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    with pytest.raises(output.NotConfirmed, match="say --yes"):
        output.confirm("All of it goes. Go on?")

    told = capsys.readouterr()
    assert told.out == ""
    assert "All of it goes. Go on?" in told.err


def test_what_is_confirmed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    output.confirm("Go on?")
