"""The audit finds nothing in tables whose small counts are hidden, and little more than must be is."""

from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.published_tables import Drawn, Place, tables, with_totals
from rollbook.research.auditing import Rule, audit_table
from rollbook.research.errors import NothingSuppressible, TotalsContradict
from rollbook.research.suppressing import suppress_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suppressed")


def publish(path: Path, minimum: int) -> tuple[Path, int, int]:
    """Suppress the table at ``path``; return where it was written, and what was hidden."""
    made = suppress_table(path, minimum)
    target = path.with_name("published.csv")
    with target.open("w", encoding="utf-8", newline="") as file:
        made.write(file)
    return target, made.primary, made.complementary


@given(drawn=tables(rows=4, columns=4, most=20, hidden=False), minimum=st.sampled_from([3, 5, 10]))
@settings(max_examples=30, deadline=None)
def test_the_audit_of_every_suppressed_table_is_clean(folder: Path, drawn: Drawn, minimum: int) -> None:
    published, primary, _ = publish(drawn.write(folder / "counts.csv"), minimum)

    for lowest in (None, 0):
        assert audit_table([published], Rule(minimum, lowest)).findings == []
    assert primary == sum(0 < count < minimum for row in drawn.counts for count in row)


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_levels_and_measures_are_clean_too(folder: Path, data: st.DataObject) -> None:
    """District, school and grade by gender: a cube with every total of its levels."""
    count = st.integers(0, 15)
    schools = [("Oak", "Ash"), ("Oak", "Elm"), ("Fir", "Yew"), ("Fir", "Bay")]
    counts = {(d, s, g): data.draw(count) for d, s in schools for g in "FM"}
    rows = [*schools, ("Oak", "All"), ("Fir", "All"), ("All", "All")]
    lines = ["District,School,F,M,Total"]
    for district, school in rows:
        told = [
            sum(
                n
                for (d, s, g), n in counts.items()
                if district in (d, "All") and school in (s, "All") and g == gender
            )
            for gender in "FM"
        ]
        lines.append(",".join([district, school, *map(str, (*told, sum(told)))]))
    path = folder / "levels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    published, *_ = publish(path, 5)

    assert audit_table([published], Rule(5)).findings == []


def fewest(drawn: Drawn, folder: Path, minimum: int) -> int:
    """Return how few complementary cells can do, by trying all sets of them."""
    places = [(r, c) for r, row in enumerate(drawn.counts) for c, _ in enumerate(row)]
    primary = frozenset(p for p in places if 0 < drawn.counts[p[0]][p[1]] < minimum)
    others = [p for p in places if p not in primary and drawn.counts[p[0]][p[1]]]
    for size in range(len(others) + 1):
        for more in combinations(others, size):
            if is_clean(drawn, primary | set(more), folder, minimum):
                return size
    raise AssertionError("hiding all is clean")


def is_clean(drawn: Drawn, hidden: frozenset[Place], folder: Path, minimum: int) -> bool:
    path = Drawn(drawn.counts, hidden).write(folder / "tried.csv")
    return not audit_table([path], Rule(minimum)).findings


@pytest.mark.slow
def test_it_hides_little_more_than_the_least_that_will_do(folder: Path) -> None:
    """Over tables of 3 schools: within a fifth of the optimum that trying every set finds."""
    hidden = optimum = 0
    for drawn in SMALL:
        *_, complementary = publish(drawn.write(folder / "small.csv"), 10)
        hidden, optimum = hidden + complementary, optimum + fewest(drawn, folder, 10)

    assert optimum > 10
    assert hidden <= optimum * 1.2


def _small() -> list[Drawn]:
    draw = Random(7)
    return [
        Drawn(
            with_totals([[draw.choice([3, 7, 12, 18, 25, 40]) for _ in range(2)] for _ in range(3)]),
            frozenset(),
        )
        for _ in range(12)
    ]


SMALL = _small()


def test_a_share_is_hidden_with_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "shares.csv"
    path.write_text("School,Absent,Absent %,Present,Total\nAsh,4,2.0,196,200\nElm,50,25.0,150,200\n")

    published, *_ = publish(path, 10)

    assert published.read_text().splitlines()[1:] == ["Ash,*,*,*,200", "Elm,50,25.0,150,200"]


def test_what_cannot_be_suppressed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("School,A,B,Total\nAsh,*,20,25\n")
    with pytest.raises(NothingSuppressible):
        suppress_table(path)

    path.write_text("School,A,B,Total\nAsh,4,20,25\n")
    with pytest.raises(TotalsContradict):
        suppress_table(path)
