"""Whatever a bundle says, an import keeps it and an export gives it back."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.oneroster.bundles import District, Drop, read

WORDS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12).map(
    lambda word: word.strip() or "x"
)
MAYBE = st.one_of(st.just(""), WORDS)
DAYS = st.dates(min_value=date(2025, 8, 18), max_value=date(2025, 12, 1)).map(str)
LISTS = st.lists(st.sampled_from(["KG", "01", "1", "9", "09", "12", "PK", "UG"]), max_size=3).map(",".join)
MOSTS = st.sampled_from(["", "1", "12.5", "0", "1.005"])
SCORES = st.sampled_from(["", "0", "7.25", "8.125"])
ENDS = st.sampled_from(["", "2025-12-02", "2025-12-19", "2026-03-01"])
FLAGS = st.sampled_from(["", "true", "false"])


@st.composite
def changes(draw: st.DrawFn) -> dict[tuple[str, str], dict[str, str]]:
    """Draw what is said of some records of the small bundle."""
    user = st.fixed_dictionaries(
        {
            **dict.fromkeys(("username", "givenName", "familyName"), WORDS),
            **dict.fromkeys(("middleName", "email", "sms", "phone", "pronouns", "preferredGivenName"), MAYBE),
            "grades": LISTS,
        }
    )
    demographic = st.fixed_dictionaries(
        {
            "sex": st.sampled_from(["", "male", "female", "other", "unspecified", "ext:x"]),
            **dict.fromkeys(("asian", "white", "hispanicOrLatinoEthnicity"), FLAGS),
            "demographicRaceTwoOrMoreRaces": FLAGS,
            "cityOfBirth": MAYBE,
        }
    )
    return {
        ("users", "u3"): draw(user),
        ("users", "t1"): draw(user),
        ("users", "x1"): draw(user),
        ("demographics", "u2"): draw(demographic),
        ("orgs", "oak"): {"name": draw(WORDS), "identifier": draw(MAYBE), "metadata.note": draw(MAYBE)},
        ("courses", "art"): {"title": draw(WORDS), "courseCode": draw(MAYBE), "grades": draw(LISTS)},
        ("classes", "art-1"): {"title": draw(WORDS), "classCode": draw(MAYBE), "location": draw(MAYBE)},
        ("lineItems", "li2"): {"title": draw(WORDS), "resultValueMax": draw(MOSTS)},
        ("results", "x1"): {"score": draw(SCORES), "comment": draw(MAYBE), "textScore": draw(MAYBE)},
        ("enrollments", "e2"): {"beginDate": draw(DAYS), "endDate": draw(ENDS)},
    }


# What says the same in another way: nothing, false and the class's own end.
SAME: dict[str, set[Any]] = {
    "endDate": {None, "2025-12-19"},
    "missing": {None, "false"},
}


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=changes())
def test_what_is_said_comes_back(
    another: Callable[[], District], tmp_path: Path, said: dict[tuple[str, str], dict[str, str]]
) -> None:
    drop = Drop(tmp_path / "any.zip")
    for (table, sourced_id), values in said.items():
        drop.change(table, sourced_id, **values)
    district = another()
    path = drop.write()

    outcome = district.bring(path)
    district.export(tmp_path / "out.zip")

    assert outcome.rejected == 0
    told = {
        (name, row["sourcedId"]): row
        for name, rows in read(tmp_path / "out.zip").items()
        if name != "manifest"
        for row in rows
    }
    for name, rows in read(path).items():
        for row in rows if name != "manifest" else []:
            back = told[name, row["sourcedId"]]
            for column, value in row.items():
                if column != "password":
                    assert back.get(column) == value or {back.get(column), value} <= SAME.get(
                        column, set()
                    ), (name, column)
