"""Reasons: plain, true, what can be changed first; never who a student is."""

import re
from importlib.resources import files

import numpy as np
import pytest

from rollbook.risk.catalogue import COURSE, FEATURES, NAMES, QUERIES
from rollbook.risk.reasons import REASONS, risk_factors

NEVER = (
    "race|ethnic|gender|income|imd|economic|poverty|lunch|disab|special_education|birth|age_band|region"
    "|english_learner|religion|language"
)


def reasons(added: dict[str, float], **values: float) -> list[dict[str, object]]:
    return risk_factors(list(added), np.array(list(added.values())), values)


def words(added: dict[str, float], **values: float) -> list[object]:
    return [reason["description"] for reason in reasons(added, **values)]


@pytest.mark.parametrize("room", QUERIES)
def test_no_room_gives_risk_who_a_student_is(room: str) -> None:
    lines = files(f"rollbook.{room}").joinpath("features.sql").read_text("utf-8").splitlines()
    code = "\n".join(line.split("--")[0] for line in lines)

    assert not re.search(NEVER, code)


def test_no_input_and_no_reason_is_who_a_student_is() -> None:
    told = [reason.factor for reason in REASONS]
    asked = [name for reason in REASONS for name in reason.features]

    assert [name for name in (*NAMES, *told, *asked) if re.search(NEVER, name)] == []


def test_every_reason_speaks_of_inputs_that_are_there() -> None:
    for reason in REASONS:
        assert {*reason.features, reason.value_of} <= set(NAMES)


def test_an_input_belongs_to_one_reason_at_most() -> None:
    named = [name for reason in REASONS for name in reason.features]

    assert len(named) == len(set(named))
    assert len(NAMES) == len({feature.name for feature in FEATURES})


def test_missing_work_is_said_in_words() -> None:
    (reason,) = reasons({"work_missing": 1.0, COURSE: 1.0}, work_missing=2, work_due=3)

    assert reason == {
        "factor": "missing_work",
        "weight": 0.5,
        "value": 2,
        "description": "2 of 3 assignments due so far were not handed in",
        "recommendation": "Agree with the student on which missing piece comes first, and by when.",
    }


@pytest.mark.parametrize(
    ("missing", "due", "said"),
    [
        (1, 1, "The only assignment due so far was not handed in"),
        (1, 4, "1 of 4 assignments due so far was not handed in"),
    ],
)
def test_one_is_said_as_one(missing: int, due: int, said: str) -> None:
    assert words({"work_missing": 1.0}, work_missing=missing, work_due=due) == [said]


def test_facts_that_are_no_concern_are_no_reason() -> None:
    (only,) = reasons({"work_missing": 1.0, "incidents": 1.0}, work_missing=0, work_due=3, incidents_year=0)

    assert only["factor"] == "no_single_sign"


def test_what_lowers_the_risk_is_no_reason() -> None:
    assert words({"work_missing": -1.0, "days_missed": 1.0}, work_missing=2, work_due=3, missed_rate=0.2,
                 days_missed=9) == ["Missed 20% of school days this term (9 days)"]  # fmt: skip


def test_what_can_be_changed_comes_first() -> None:
    said = words({"prior_attempts": 3.0, "work_missing": 1.0}, prior_attempts=1, work_missing=1, work_due=2)

    assert said[0] == "1 of 2 assignments due so far was not handed in"
    assert said[1] == "Has tried this course 1 time before"


def test_what_is_not_known_is_no_reason() -> None:
    (only,) = reasons({"missed_rate": 1.0})

    assert only["factor"] == "no_single_sign"
