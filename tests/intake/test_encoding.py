"""Files that are not what they should be: byte-order marks, other encodings, other line ends."""

import pytest

from intake.school import District, Drop
from rollbook.intake.errors import EncodingUnknown, HeaderUnreadable, LineEndsUnknown
from rollbook.intake.refusals import TooManyRejects

NAMES = "SELECT last_name FROM students ORDER BY student_number LIMIT 2"


def liberties(district: District, drop: Drop) -> list[str]:
    return [str(liberty) for liberty in district.bring(drop, is_lenient=True).liberties]


@pytest.fixture
def zoe(drop: Drop) -> Drop:
    return drop.change("students.csv", "1,Ada", "1,Zoë")


def test_a_byte_order_mark_is_no_part_of_the_header(district: District, drop: Drop) -> None:
    drop.files["students.csv"] = b"\xef\xbb\xbf" + drop.files["students.csv"]

    outcome = district.bring(drop)

    assert [str(liberty) for liberty in outcome.liberties] == ["students.csv: begins with a byte-order mark"]
    assert district.rows(NAMES)[0] == ("Ada",)


def test_lines_may_end_as_on_windows(district: District, zoe: Drop) -> None:
    zoe.files["students.csv"] = zoe.files["students.csv"].replace(b"\n", b"\r\n")

    assert district.bring(zoe).liberties == []
    assert district.rows(NAMES)[0] == ("Zoë",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_needs_kindness(district: District, zoe: Drop, encoding: str) -> None:
    text = zoe.files["students.csv"].decode()
    mark = "" if encoding == "utf-16" else "\ufeff"
    zoe.files["students.csv"] = (mark + text).encode(encoding)

    with pytest.raises(EncodingUnknown, match="is in UTF-16-"):
        district.bring(zoe)
    assert "instead of UTF-8" in liberties(district, zoe)[0]
    assert district.rows(NAMES)[0] == ("Zoë",)


def test_utf_16_that_says_nothing_is_no_text(district: District, drop: Drop) -> None:
    drop.files["schools.csv"] = drop.files["schools.csv"].decode().encode("utf-16-le")

    with pytest.raises(HeaderUnreadable):
        district.bring(drop, is_lenient=True)


def test_one_row_from_windows_among_others_needs_kindness(district: District, zoe: Drop) -> None:
    zoe.change("students.csv", "2,Ben", "2,René".encode("cp1252"))

    with pytest.raises(TooManyRejects, match=r"students.csv, line 3, column name: is not UTF-8"):
        district.bring(zoe)
    assert liberties(district, zoe) == ["students.csv: is not UTF-8 and was read as Windows-1252"]
    assert district.rows(NAMES) == [("Zoë",), ("René",)]


def test_what_is_no_text_in_any_of_them_is_rejected(district: District, drop: Drop) -> None:
    drop.change("students.csv", "2,Ben", b"2,Ben\x81")

    with pytest.raises(TooManyRejects, match="is not UTF-8"):
        district.bring(drop, is_lenient=True)


def test_line_ends_of_old_macs_need_kindness(district: District, zoe: Drop) -> None:
    zoe.files["students.csv"] = zoe.files["students.csv"].replace(b"\n", b"\r")

    with pytest.raises(LineEndsUnknown, match="carriage return"):
        district.bring(zoe)
    assert liberties(district, zoe) == ["students.csv: ends its lines with a carriage return alone"]
    assert district.rows(NAMES)[0] == ("Zoë",)


def test_a_nul_byte_is_rejected_and_kept_as_what_it_is_not(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,E\0ve,1,free,")

    assert district.bring(drop, max_rejects=1).rejected == 1
    assert district.rows("SELECT fields ->> 'name', reason FROM intake_rejects") == [
        ("E\N{REPLACEMENT CHARACTER}ve", "holds a NUL byte")
    ]
