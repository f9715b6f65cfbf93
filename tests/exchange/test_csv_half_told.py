"""A line that says half of what a rule is about is judged with the half that is there; the others go on."""

from exchange.csvs import ATTENDANCE, Place
from rollbook.intake.outcome import Outcome

COURSES = "course_code,title,low_grade,high_grade\nALG,Algebra,6,8\nART,Art,6,12\n"


def faults(outcome: Outcome) -> list[tuple[int, str | None, str]]:
    return [(one.line, one.column, one.reason) for one in outcome.rejects]


def test_a_lowest_grade_above_the_highest_that_is_there(school: Place) -> None:
    school.bring("courses", COURSES)

    raised = "course_code,title,low_grade\nALG,Algebra,9\nART,Art,9\n"
    outcome = school.bring("courses", raised, max_rejects=1)

    assert faults(outcome) == [(2, "low_grade", "does not go with the high_grade that is there already")]
    assert school.rows("SELECT low_grade, high_grade FROM courses ORDER BY course_code") == [(6, 8), (9, 12)]


def test_a_late_arrival_that_was_none(school: Place) -> None:
    school.bring("attendance", "student_number,date,status,minutes_late\n1,2025-09-01,tardy,5\n")

    corrected = "student_number,date,status\n1,2025-09-01,absent\n2,2025-09-01,absent\n"
    outcome = school.bring("attendance", corrected, max_rejects=1)

    assert faults(outcome) == [(2, "status", "does not go with the minutes_late that is there already")]
    assert len(school.rows(ATTENDANCE)) == 2
