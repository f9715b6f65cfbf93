"""The guard: a drop that takes too much away is refused, names the numbers, and can be meant."""

from dataclasses import replace
from typing import Final

import pytest

from intake.school import District, Drop
from rollbook.intake.diff import TableDiff
from rollbook.intake.guard import NothingToAccept, Policy, objections
from rollbook.intake.refusals import DropShrinks
from rollbook.intake.target import Completeness

POLICY: Final = Policy()
SAME: Final = TableDiff("grades", "results.csv", Completeness.BULK, 1000, 0, 0, 1000, 0, 0)


def against(one: TableDiff, policy: Policy = POLICY) -> list[str]:
    return [str(objection) for objection in objections([one], policy, ())]


@pytest.mark.parametrize(
    ("is_watched", "missing", "gone", "is_refused"),
    [
        (True, 50, 0, False),
        (True, 51, 0, True),
        (True, 0, 51, True),
        (True, 26, 25, True),
        (False, 500, 0, False),
        (False, 501, 0, True),
        (False, 1000, 0, True),
    ],
)
def test_a_share_may_leave_and_not_more(is_watched: bool, missing: int, gone: int, is_refused: bool) -> None:
    one = replace(SAME, missing=missing, gone=gone, is_watched=is_watched)

    assert bool(against(one)) is is_refused


@pytest.mark.parametrize(("present", "missing"), [(0, 0), (1, 1), (2, 2), (40, 2), (4, 2)])
def test_of_very_few_rows_a_share_says_nothing(present: int, missing: int) -> None:
    assert against(replace(SAME, present=present, missing=missing, is_watched=True)) == []


@pytest.mark.parametrize(("present", "missing"), [(3, 3), (40, 3), (59, 3)])
def test_three_of_few_are_too_many(present: int, missing: int) -> None:
    assert len(against(replace(SAME, present=present, missing=missing, is_watched=True))) == 1


def test_the_numbers_are_named() -> None:
    one = replace(SAME, table="students", present=3714, missing=412, is_watched=True)

    assert against(one) == ["students: 412 of 3,714 rows (11.1%) would leave, and the limit is 5%"]


def test_changes_are_refused_where_a_policy_says_so() -> None:
    one = replace(SAME, changed=301, unchanged=699)

    assert against(one) == []
    assert against(one, Policy(most_changing=0.3)) == [
        "grades: 301 of 1,000 rows (30.1%) would change, and the limit is 30%"
    ]


def test_an_accepted_table_may_shrink_and_only_that() -> None:
    diffs = [replace(SAME, table=name, missing=900) for name in ("grades", "courses")]

    assert [one.table for one in objections(diffs, POLICY, {"grades"})] == ["courses"]
    with pytest.raises(NothingToAccept, match=r"no table grdes .* grades, courses"):
        objections(diffs, POLICY, {"grdes"})


@pytest.fixture
def half(district: District, drop: Drop) -> Drop:
    """Twenty students are there, and a drop has ten of them."""
    for number in range(100, 120):
        drop.add("students.csv", f"{number},Kim,1,paid,").add("enrollments.csv", f"{number},OAK,2025-09-01")
    district.bring(drop)
    for number in range(110, 120):
        drop.change("students.csv", f"{number},Kim,1,paid,\n", "")
        drop.change("enrollments.csv", f"{number},OAK,2025-09-01\n", "")
    return drop


def test_a_drop_that_shrinks_is_refused_and_nothing_is_written(district: District, half: Drop) -> None:
    with pytest.raises(DropShrinks, match=r"students: 10 of 24 rows \(41.7%\) would leave") as refused:
        district.bring(half)

    assert "--accept-shrink students --accept-shrink student_school_enrollments" in str(refused.value)
    assert len(refused.value.outcome.tables) == 4
    assert district.rows("SELECT count(*) FROM student_school_enrollments WHERE exit_on IS NULL") == [(24,)]
    assert district.rows("SELECT state FROM imports ORDER BY import_id") == [("done",), ("refused",)]


def test_a_dry_run_tells_what_speaks_against_it(district: District, half: Drop) -> None:
    outcome = district.bring(half, is_dry_run=True)

    assert outcome.is_refused
    assert [one.table for one in outcome.objections] == ["students", "student_school_enrollments"]


def test_what_is_meant_is_written_and_remembered(district: District, half: Drop) -> None:
    meant = frozenset({"students", "student_school_enrollments"})

    outcome = district.bring(half, accept_shrink=meant)

    assert outcome.counts["student_school_enrollments"].closed == 10
    assert district.rows("SELECT accepted FROM imports ORDER BY import_id DESC LIMIT 1") == [(sorted(meant),)]


def test_accepting_one_table_does_not_accept_another(district: District, half: Drop) -> None:
    with pytest.raises(DropShrinks, match="student_school_enrollments: 10 of 24"):
        district.bring(half, accept_shrink={"students"})
