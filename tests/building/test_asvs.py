"""docs/security.md answers each requirement of OWASP ASVS 5.0.0, levels 1 and 2, by tests that are there."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from building.asvs import DOCUMENT, ROOT, STATES, Answer, answers, listed_as_open, missing_tests, requirements

TEXT = DOCUMENT.read_text(encoding="utf-8")
ANSWERS = answers(TEXT)
LINK = re.compile(r"\]\(([^)#]+)")


def unanswered(said: list[Answer]) -> list[str]:
    """Return what is not answered once with its level, or is answered and is no such requirement."""
    wanted = Counter(f"{number} L{level}" for number, level in requirements() if level < 3)
    given = Counter(f"{answer.number} L{answer.level}" for answer in said)
    return sorted((wanted - given) + (given - wanted))


def without_evidence(said: list[Answer]) -> list[str]:
    """Return what is said to be held and names neither a test nor a document."""
    held = [answer for answer in said if answer.state == "held"]
    return [answer.number for answer in held if not answer.tests and not LINK.search(answer.evidence)]


def test_the_standard_has_as_many_requirements_as_it_says() -> None:
    assert Counter(level for _, level in requirements()) == {1: 70, 2: 183, 3: 92}


def test_every_requirement_is_answered_once() -> None:
    assert unanswered(ANSWERS) == []


def test_every_test_that_is_named_is_there() -> None:
    assert missing_tests(TEXT) == []
    assert sum(len(answer.tests) for answer in ANSWERS) > 150


def test_what_is_held_has_its_evidence_and_what_is_not_its_reason() -> None:
    assert without_evidence(ANSWERS) == []
    assert [
        answer.number for answer in ANSWERS if answer.state not in STATES or len(answer.evidence) < 8
    ] == []


def test_what_is_open_is_listed() -> None:
    assert listed_as_open(TEXT) == [answer.number for answer in ANSWERS if answer.state == "open"]


def test_the_counts_in_the_text_are_true() -> None:
    counts = Counter(answer.state for answer in ANSWERS)
    told = re.search(r"(\d+) held, (\d+) not applicable, (\d+) for the site, (\d+) open", TEXT)

    assert told is not None
    assert [int(count) for count in told.groups()] == [
        counts[state] for state in ("held", "n.a.", "site", "open")
    ]


def test_there_is_a_way_to_report() -> None:
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", ["left out", "twice", "of another level", "none such"])
def test_a_fault_in_the_answers_is_noticed(fault: str) -> None:
    first, *others = ANSWERS
    planted = {
        "left out": others,
        "twice": [first, *ANSWERS],
        "of another level": [replace(first, level=3 - first.level), *others],
        "none such": [*ANSWERS, replace(first, number="18.1.1")],
    }

    assert unanswered(planted[fault]) != []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert missing_tests("`tests/building/test_asvs.py::test_nothing_at_all`") != []
    assert without_evidence([replace(ANSWERS[0], evidence="because", state="held")]) != []
