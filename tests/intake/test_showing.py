"""What came of an import, in few words."""

import pytest

from rollbook.intake.showing import counts_in_words

GRADES = {"new": 1200, "changed": 3, "closed": 0, "deleted": 0, "unchanged": 5}
STUDENTS = {"new": 1, "changed": 0, "closed": 0, "deleted": 2, "unchanged": 0}
UNTOUCHED = {"new": 0, "changed": 0, "closed": 0, "deleted": 0, "unchanged": 7}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "nothing"),
        ({"schools": UNTOUCHED}, "nothing"),
        ({"grades": GRADES, "schools": UNTOUCHED}, "grades: 1,200 new, 3 changed"),
        (
            {"grades": GRADES, "students": STUDENTS},
            "grades: 1,200 new, 3 changed; students: 1 new, 2 deleted",
        ),
        (
            {"grades": GRADES, "students": STUDENTS, "staff": STUDENTS},
            "1,202 new, 3 changed, 4 deleted in 3 tables",
        ),
    ],
)
def test_a_receipt_is_told_in_a_line(counts: dict[str, dict[str, int]], words: str) -> None:
    assert counts_in_words(counts) == words
