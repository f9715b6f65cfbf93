"""A record in plain words: no codes, no ids, times of the district."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from rollbook.privacy.document import document_of
from rollbook.privacy.record import CompleteRecord, Section
from rollbook.privacy.titles import PARTS

SCHOOL, NAMELESS = UUID(int=1), UUID(int=2)


def record(**sections: list[dict[str, Any]]) -> CompleteRecord:
    empty = {name: Section(part.title, part.says, [], []) for name, part in PARTS.items()}
    told = {name: Section(PARTS[name].title, PARTS[name].says, rows, []) for name, rows in sections.items()}
    return CompleteRecord(
        shape=1,
        made_at=datetime(2026, 5, 4, 22, tzinfo=UTC),
        tenant={"slug": "oak", "name": "Oak Valley", "time_zone": "America/Chicago"},
        student={"student_id": str(SCHOOL), "student_number": "7", "name": "Ada Byron"},
        handed={"to": "the mother", "because": "she asked", "by_right": "34 CFR 99.10"},
        sections=empty | told,
        writes=[],
        names={str(SCHOOL): "Oak High School"},
        withheld=[],
    )


def test_codes_ids_and_times_are_told_in_words() -> None:
    row = {
        "school_id": SCHOOL,
        "status": "excused",
        "is_primary": True,
        "known_at": datetime(2026, 5, 4, 3, tzinfo=UTC),
    }
    row |= {
        "lesson_id": NAMELESS,
        "student_id": SCHOOL,
        "import_id": 4,
        "entry_code": "moved_in",
        "note": None,
    }
    (chapter,) = document_of(record(attendance_records=[row])).chapters
    (grid,) = chapter.grids

    assert grid.columns == ["School", "Status", "Primary", "Entry code", "Known since"]
    assert grid.rows == [["Oak High School", "Absent, excused", "Yes", "Moved in", "3 May 2026, 22:00"]]


def test_an_estimate_tells_its_reasons_and_what_helps() -> None:
    reason = {
        "factor": "x",
        "description": "3 of 5 were not handed in",
        "recommendation": "Sit down together.",
    }
    row = {"as_of": date(2026, 5, 4), "risk_score": 0.714, "risk_factors": [reason]}
    (chapter,) = document_of(record(predictions=[row])).chapters

    assert chapter.grids[0].rows == [
        ["4 May 2026", "71%", "3 of 5 were not handed in. What helps: Sit down together."]
    ]
    assert "not a verdict" in chapter.says


def test_what_an_educator_found_is_no_jargon() -> None:
    (chapter,) = document_of(record(training_feedback=[{"feedback_type": "false_positive"}])).chapters

    assert chapter.grids[0].rows == [["The warning was wrong: the student did well"]]


def test_wide_rows_become_cards_and_narrow_ones_a_table() -> None:
    wide = {f"field_{n}": "twenty letters or so" for n in range(8)}
    chapters = document_of(record(students=[wide], progress=[{"unit": "1", "done": "yes"}])).chapters

    assert {chapter.title: chapter.grids[0].is_cards for chapter in chapters} == {
        "Who the student is": True,
        "Progress": False,
    }


def test_it_says_to_whom_and_when_and_which_parts_are_empty() -> None:
    document = document_of(record())

    assert ("Handed to", "the mother") in document.facts
    assert ("Made on", "4 May 2026, 17:00") in document.facts
    assert len(document.empty) == len(PARTS)
