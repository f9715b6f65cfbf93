"""What --map and --words say, and which column is taken for what."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.exchange.csv_files.errors import (
    ColumnTwice,
    FieldMissing,
    FieldSaidTwice,
    FieldTwice,
    FieldUnknown,
    MapFileUnreadable,
    MapUnreadable,
    NoWords,
    SourceColumnMissing,
    WordsUnreadable,
    WordUnknown,
)
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.map_files import read_map, save_map
from rollbook.exchange.csv_files.mapping import CsvMap, Header, choose_known_at, map_of_json
from rollbook.intake.dates import DateFormatUnknown, parse_date_format

ATTENDANCE = KINDS["attendance"]
NAMES = ["Student Number", "DATE", "Status", "Room"]


def mapped(names: list[str], csv_map: CsvMap | None = None) -> dict[str, str]:
    found = Header("marks.csv", names).mapped(ATTENDANCE, csv_map or CsvMap())
    return {one.field: one.source for one in found}


def test_case_spaces_and_underscores_do_not_matter() -> None:
    assert mapped(NAMES) == {"student_number": "Student Number", "date": "DATE", "status": "Status"}


def test_what_is_said_goes_before_a_name() -> None:
    said = CsvMap().with_pairs(["status=Code,date=Day", "period:=0"])

    assert mapped(["student_number", "Day", "date", "Code", "status"], said) == {
        "student_number": "student_number",
        "date": "Day",
        "status": "Code",
        "period": "0",
    }


def test_a_column_that_is_called_like_a_field_and_is_not_it_is_not_taken_for_it() -> None:
    header = Header("marks.csv", ["student_number", "Day", "date", "status"])
    csv_map = CsvMap().with_pairs(["date=Day"])

    assert header.renamed(header.mapped(ATTENDANCE, csv_map)) == [
        "student_number",
        "date",
        "date (not used)",
        "status",
    ]


def test_a_column_name_may_hold_a_comma_and_an_equals_sign() -> None:
    said = CsvMap().with_pairs(["status=Code, short", "date=a=b"])

    assert said.columns == {"status": "Code, short", "date": "a=b"}


def test_a_missing_column_is_named_with_what_is_near() -> None:
    with pytest.raises(FieldMissing, match=r"no column is the status.*Is it 'Statuss'.*--map 'status="):
        mapped(["student_number", "date", "Statuss"])


def test_a_column_that_the_map_names_and_the_file_lacks_is_named_with_what_is_near() -> None:
    with pytest.raises(SourceColumnMissing, match=r"'Studnet No'.*Is it 'Student No'"):
        mapped(["Student No", "date", "status"], CsvMap().with_pairs(["student_number=Studnet No"]))


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(FieldTwice, match=r"both 'Date' and 'DATE' would be the date"):
        mapped(["student_number", "Date", "DATE", "status"])


def test_one_column_for_two_fields_is_refused() -> None:
    with pytest.raises(ColumnTwice, match=r"'DATE' would be both the date and the reason"):
        mapped(NAMES, CsvMap().with_pairs(["date=DATE", "reason=DATE"]))


@pytest.mark.parametrize("again", ["status=Room", "status:=absent"])
def test_a_field_that_is_said_twice_is_refused(again: str) -> None:
    with pytest.raises(FieldSaidTwice, match="--map says twice what the status is"):
        CsvMap().with_pairs(["status=Status", again])


def test_a_pair_goes_before_what_was_saved() -> None:
    saved = CsvMap().with_pairs(["status=Code", "period=Hour"])

    said = saved.with_pairs(["status:=absent"])

    assert (said.columns, said.constants) == ({"period": "Hour"}, {"status": "absent"})


def test_a_field_that_the_kind_lacks_is_named_with_what_is_near() -> None:
    with pytest.raises(FieldUnknown, match=r"attendance have no column 'stauts'. Is it 'status'"):
        CsvMap().with_pairs(["stauts=Code"]).checked(ATTENDANCE)


@pytest.mark.parametrize("text", ["status", "=Code", "status=", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(MapUnreadable, match=r"write --map field=column"):
        CsvMap().with_pairs([text])


@pytest.mark.parametrize("text", ["status", "status:", "status:P", "status:=present", "P=present"])
def test_what_says_no_meanings_is_refused(text: str) -> None:
    with pytest.raises(WordsUnreadable, match=r"write --words"):
        CsvMap().with_words([text])


def test_a_meaning_must_be_one_of_ours() -> None:
    with pytest.raises(WordUnknown, match=r"status cannot be 'here': it is one of present, absent"):
        CsvMap().with_words(["status:P=here"]).checked(ATTENDANCE)
    with pytest.raises(NoWords, match=r"The reason is not one of a few words"):
        CsvMap().with_words(["reason:B=bus"]).checked(ATTENDANCE)


def test_known_at_is_an_instant_or_a_column() -> None:
    assert choose_known_at(CsvMap(), "2026-01-31T10:00:00Z").constants == {"known_at": "2026-01-31T10:00:00Z"}
    assert choose_known_at(CsvMap(), "Entered").columns == {"known_at": "Entered"}


NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip).map(str.strip)
MAPS = st.builds(
    CsvMap,
    columns=st.dictionaries(st.sampled_from(["student_number", "date", "status"]), NAME),
    constants=st.dictionaries(
        st.sampled_from(["period", "reason"]), st.text(st.characters(exclude_categories=["Cs"]))
    ),
    words=st.dictionaries(
        st.just("status"), st.dictionaries(NAME, st.sampled_from(["present", "absent"]), min_size=1)
    ),
    date_format=st.sampled_from(["YYYY-MM-DD", "DD.MM.YYYY", "MMDDYYYY"]).map(parse_date_format),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "cp1252"]),
)


@given(csv_map=MAPS)
def test_a_map_is_read_as_it_was_saved(tmp_path: Path, csv_map: CsvMap) -> None:
    path = tmp_path / "map.toml"
    save_map(path, "attendance", csv_map)

    assert read_map(path) == csv_map
    assert map_of_json(csv_map.as_json) == csv_map


@given(columns=st.dictionaries(st.sampled_from(["date", "status", "reason"]), NAME, min_size=1))
def test_pairs_say_what_a_map_does(columns: dict[str, str]) -> None:
    # what has a comma and an equals sign after it is two pairs
    plain = {field: column for field, column in columns.items() if not re.search("(?s),.*=", column)}

    said = CsvMap().with_pairs(f"{field}={column}" for field, column in plain.items()).columns

    assert said == plain


@given(names=st.permutations(["student_number", "date", "status", "Reason", "period", "other"]))
def test_the_order_of_columns_does_not_matter(names: list[str]) -> None:
    assert mapped(names) == mapped(sorted(names))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("columns = 3", "columns is not a table"),
        ("color = 'red'", "nobody knows color"),
        ("[words]\nstatus = 'P'", "words.status is not a table"),
        ("delimiter = 3", "delimiter is not a text"),
        ("columns = [", "line 1|Invalid value|Unclosed"),
        ("[columns]\ndate = ['a']", "columns.date is not a text"),
    ],
)
def test_a_map_file_that_is_none_is_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(MapFileUnreadable, match=why):
        read_map(path)


def test_a_map_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MapFileUnreadable, match=r"map.toml cannot be read as a mapping: No such file"):
        read_map(tmp_path / "map.toml")


@pytest.mark.parametrize("pattern", ["MM/DD", "YY/MM/DD", "MM/DD-YYYY", "MM/MM/YYYY", "", "yyyy mm dd x"])
def test_what_is_no_date_format_is_refused(pattern: str) -> None:
    with pytest.raises(DateFormatUnknown, match=r"is no date format"):
        parse_date_format(pattern)
