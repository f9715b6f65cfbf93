"""Values that are longer, or more, than what our tables can hold end in a sentence, not in a bare failure."""

import random
import string

import pytest

from exchange.oneroster.bundles import District, Drop
from rollbook.intake.refusals import TextTooLong


def noise(length: int) -> str:
    """Return a text that does not become shorter when it is packed."""
    return "".join(random.Random(1).choices(string.ascii_letters, k=length))


@pytest.mark.parametrize(
    ("table", "sourced_id", "column"),
    [
        *(("users", "u1", "givenName"), ("users", "u2", "identifier"), ("orgs", "oak", "identifier")),
        *(("courses", "art", "courseCode"), ("classes", "art-1", "classCode")),
    ],
)
def test_a_name_too_long_for_an_index_is_a_rejected_row(
    district: District, drop: Drop, table: str, sourced_id: str, column: str
) -> None:
    drop.change(table, sourced_id, **{column: noise(3000)})

    outcome = district.bring(drop, max_rejects=50)

    assert (f"{table}.csv", column) in {(one.file, one.column) for one in outcome.rejects}


def test_a_letter_of_a_scale_too_long_for_an_index_is_told(district: District, drop: Drop) -> None:
    drop.change("scoreScales", "sc", scoreScaleValue=f"{{{noise(9000)}:90}}")

    with pytest.raises(TextTooLong, match="too long to be kept"):
        district.bring(drop)


def test_more_agents_than_anybody_has_are_no_failure(district: District, drop: Drop) -> None:
    drop.change("users", "u2", agentSourcedIds=",".join(["m1"] * 40_000))

    district.bring(drop)

    assert district.rows("SELECT contact_order FROM student_guardians") == [(1,), (1,)]
