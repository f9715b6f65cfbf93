"""What commands print."""

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
