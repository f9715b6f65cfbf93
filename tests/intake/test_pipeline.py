"""The pipeline as a whole: what a drop writes, what a second one changes, and what is refused."""

from intake.school import District, Drop, counts


def test_a_first_drop_writes_every_row(district: District, drop: Drop) -> None:
    outcome = district.bring(drop)

    assert counts(outcome) == {
        "schools": (2, 0, 0, 0),
        "students": (4, 0, 0, 0),
        "student_school_enrollments": (4, 0, 0, 0),
        "attendance_records": (4, 0, 0, 0),
    }
    assert outcome.written == 14
    assert district.rows("SELECT count(*), min(import_id), max(import_id) FROM attendance_records") == [
        (4, outcome.import_id, outcome.import_id)
    ]


def test_the_same_drop_again_writes_nothing(district: District, drop: Drop) -> None:
    district.bring(drop)

    again = district.bring(drop)

    assert again.written == 0
    assert [one.unchanged for one in again.tables] == [2, 4, 4, 4]
    assert district.rows("SELECT count(*) FROM students_history") == [(0,)]
