"""What a published table gives away, compared with trying every count there can be."""

from contextlib import suppress
from fractions import Fraction
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.published_tables import Drawn, possible, tables
from rollbook.research.auditing import MinimumTooSmall, Rule, audit_table
from rollbook.research.errors import (
    CellsRepeated,
    CellUnreadable,
    TableMissing,
    TableShapeless,
    TableTooLarge,
    TableUnreadable,
    TotalsContradict,
)
from rollbook.research.published import Reading

DERIVED = Rule(only_derived=True)
REFUSALS = (TableShapeless, TableUnreadable, CellUnreadable, CellsRepeated, TotalsContradict)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def table(folder: Path, *said: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(said) + "\n", encoding="utf-8")
    return path


def found(path: Path, *more: Path, rule: Rule = DERIVED) -> dict[str, tuple[str, int, int]]:
    audited = audit_table([path, *more], rule)
    return {str(one.place): (one.kind, one.low, one.high) for one in audited.findings}


@given(drawn=tables(), lowest=st.sampled_from([0, 1]), minimum=st.sampled_from([3, 6, 10]))
@settings(max_examples=150, deadline=None)
def test_it_finds_what_trying_every_count_finds(
    folder: Path, drawn: Drawn, lowest: int, minimum: int
) -> None:
    if lowest and any(drawn.counts[r][c] == 0 for r, c in drawn.hidden):
        lowest = 0
    rule = Rule(minimum, lowest, only_derived=True)
    path = drawn.write(folder / "drawn.csv")
    intervals = possible(drawn, lowest)

    audited = audit_table([path], rule)

    got = {
        (f.place.line - 2, drawn.headers.index(f.place.column) - 1): (f.low, f.high) for f in audited.findings
    }
    expected = {
        place: interval
        for place, interval in intervals.items()
        if rule.gives_away(*interval) and interval[1] < inf
    }
    assert got == expected


@given(drawn=tables())
@settings(max_examples=60, deadline=None)
def test_a_proof_by_subtraction_holds_when_it_is_added_up(folder: Path, drawn: Drawn) -> None:
    """The steps of an exact finding that names no bound, added up with their factors, give the count."""
    for finding in audit_table([drawn.write(folder / "proof.csv")], Rule(only_derived=True)).findings:
        if finding.kind != "exact" or any("at least" in step.what for step in finding.at_least):
            continue
        added: dict[str, Fraction] = {}
        number = Fraction(0)
        for step in finding.at_least:
            total, parts = step.what.split(" = ")
            for sign, said in ((-1, total), *((1, part) for part in parts.split(" + "))):
                if "[" in said:
                    added[said.strip("[]")] = added.get(said.strip("[]"), Fraction(0)) + sign * Fraction(
                        step.times
                    )
                else:
                    number -= sign * Fraction(step.times) * int(said.split()[-1].replace(",", ""))
        assert {name: times for name, times in added.items() if times} == {str(finding.place): 1}
        assert number == finding.low


def test_levels_give_away_what_rows_and_columns_do_not(folder: Path) -> None:
    """The district's and its schools' lines together tell the school that each table alone hides."""
    path = table(
        folder,
        "District,School,Grade 3,Grade 4,Total",
        "Oak,Ash,*,*,40",
        "Oak,Elm,*,*,50",
        "Oak,All,31,59,90",
        "Fir,Yew,20,*,*",
        "Fir,All,20,4,24",
        "All,All,51,63,114",
    )

    assert found(path) == {"Fir / Yew · Grade 4": ("exact", 4, 4), "Fir / Yew · Total": ("exact", 24, 24)}


def test_a_level_between_may_be_left_out(folder: Path) -> None:
    path = table(folder, "District,School,Students", "Oak,Ash,40", "Oak,Elm,*", "Fir,Yew,20", "All,All,67")

    assert found(path) == {"Oak / Elm · Students": ("exact", 7, 7)}


def test_tables_that_share_totals_are_solved_together(folder: Path) -> None:
    by_gender = table(
        folder, "School,Female,Male,Total", "Ash,*,*,*", "Elm,30,31,61", "Total,45,*,*", name="g.csv"
    )
    by_race = table(folder, "School,Asian,White,All students", "Ash,12,14,26", "Elm,30,31,61", name="r.csv")

    assert found(by_gender) == {"Ash · Female": ("exact", 15, 15)}
    both = found(by_gender, by_race)
    assert both["Ash · Male"] == ("exact", 11, 11)
    assert both["Ash · Total"] == ("repeated", 26, 26)


def test_a_percentage_gives_a_count_away(folder: Path) -> None:
    hidden = table(folder, "School,Absent,Present,Total", "Ash,*,*,200", name="counts.csv")
    told = table(folder, "School,Absent,Absent %,Present,Total", "Ash,*,2.0,*,200", name="shares.csv")

    assert found(hidden) == {}
    assert found(told) == {"Ash · Absent": ("exact", 4, 4), "Ash · Present": ("exact", 196, 196)}


def test_a_header_with_a_percent_sign_may_be_a_category(folder: Path) -> None:
    path = table(folder, "School,under 10 %,10 % or more,Total", "Ash,*,14,21", "Elm,11,20,31")

    assert found(path) == {"Ash · under 10 %": ("exact", 7, 7)}


def test_a_small_sum_leaves_few_values(folder: Path) -> None:
    path = table(folder, "School,Female,Male,Total", "Ash,*,*,3", "Elm,0,20,20", "Fir,*,*,18")

    assert found(path) == {"Ash · Female": ("narrow", 1, 2), "Ash · Male": ("narrow", 1, 2)}


def test_what_a_mark_tells_is_used_and_is_no_finding_by_itself(folder: Path) -> None:
    path = table(folder, "School,Female,Male,Total", "Ash,<10,<10,17", "Elm,n<10,* ,40", "Fir,0,2,2")

    assert found(path) == {"Ash · Female": ("narrow", 8, 9), "Ash · Male": ("narrow", 8, 9)}


def test_small_counts_that_are_printed_are_findings_unless_left_out(folder: Path) -> None:
    path = table(folder, "School,Students", "Ash,9", "Elm,10", "Fir,0")

    assert found(path, rule=Rule()) == {"Ash · Students": ("shown", 9, 9)}
    assert found(path, rule=DERIVED) == {}


def test_measures_have_totals_of_their_own(folder: Path) -> None:
    header = (
        "School,Absent: Female,Absent: Male,Absent: Total,Enrolled: Female,Enrolled: Male,Enrolled: Total"
    )
    path = table(folder, header, "Ash,*,14,21,100,120,220", "Elm,*,20,*,90,80,170")

    assert found(path) == {"Ash · Absent: Female": ("exact", 7, 7)}


def test_whole_numbers_say_more_than_fractions(folder: Path) -> None:
    """Three labels: the sums of a cube allow fractions that no counting gives."""
    rows = [
        f"{a},{b},{'All' if c == 'All' else c},*" for a in ("x", "y") for b in ("p", "q") for c in ("1", "2")
    ]
    margins = [
        *(f"{a},{b},All,1" for a in "xy" for b in "pq"),
        *(f"{a},All,{c},1" for a in "xy" for c in "12"),
        *(f"All,{b},{c},1" for b in "pq" for c in "12"),
    ]
    path = table(folder, "A,B,C,Students", *rows, *margins)

    assert {kind for kind, *_ in found(path, rule=Rule(3, 0, only_derived=True)).values()} == set()
    assert all(f == ("narrow", 0, 1) for f in found(path, rule=Rule(5, 0, only_derived=True)).values())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", TableShapeless),
        (b"School,Students\n", TableShapeless),
        (b"School,Students\nAsh,1,2\n", TableShapeless),
        (b"School,Name\nAsh,Oak\n", TableShapeless),
        (b"School,A,A\nAsh,1,2\n", TableShapeless),
        (b"School,A,B\nAsh,1,2\nElm,3,many\n", CellUnreadable),
        (b"School,A,B\nAsh,1,-2\n", CellUnreadable),
        (b"School,A,B\nAsh,1,2.5\n", CellUnreadable),
        (b"School,A,B\nAsh,1,99999999999999999999\n", CellUnreadable),
        (b"School,A\nAsh,1\nash ,2\n", CellsRepeated),
        (b"School,A,B,Total\nAsh,1,2,4\n", TotalsContradict),
        (b"School,A,B,Total\nAsh,*,9,4\n", TotalsContradict),
        (b"School,A\nAsh,1\0\n", TableUnreadable),
        (b"School,A\n\xff\xfe,1\n", TableUnreadable),
        (b'School,A\n"Ash,1\n', TableUnreadable),
        (b"School," + b"x" * 20_000 + b"\nAsh,1\n", TableUnreadable),
        (b"School,A\n" + b"".join(b"%d,1\n" % at for at in range(100_001)), TableTooLarge),
    ],
    ids=range(17),
)
def test_rubbish_is_refused_with_a_reason(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    path = tmp_path / "rubbish.csv"
    path.write_bytes(content)

    with pytest.raises(error):
        audit_table([path])


def test_a_file_that_is_not_there_and_options_that_make_no_sense(tmp_path: Path) -> None:
    path = table(tmp_path, "School,Students", "Ash,9")

    with pytest.raises(TableMissing):
        audit_table([tmp_path / "none.csv"])
    with pytest.raises(TableMissing):
        audit_table([tmp_path])
    with pytest.raises(MinimumTooSmall):
        audit_table([path], Rule(1))
    with pytest.raises(TableShapeless):
        audit_table([path], reading=Reading(labels=2))


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_bytes_of_any_kind_end_in_an_answer_or_a_typed_error(folder: Path, content: bytes) -> None:
    path = folder / "any.csv"
    path.write_bytes(content)
    with suppress(*REFUSALS):
        assert audit_table([path]).cells >= 0


@given(
    cells=st.lists(
        st.lists(st.sampled_from(["Total", "a", "1", "*", "<10", "", "50 %", "x"]), min_size=3, max_size=3),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_lines_of_any_kind_end_in_an_answer_or_a_typed_error(folder: Path, cells: list[list[str]]) -> None:
    path = table(folder, "School,A,A %,Total"[: len("School,A,Total")], *(",".join(line) for line in cells))
    with suppress(*REFUSALS):
        assert audit_table([path]).cells >= 0
