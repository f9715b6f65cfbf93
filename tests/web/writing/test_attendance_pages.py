"""Taking attendance in Chromium, without script; what is wrong is told at its field; a school's day."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from playwright.sync_api import Page, expect

from rollbook.roster.models import Student
from web.clients import SignIn
from web.writing_cast import BEGAN, HOLIDAY, TODAY, World, log_of

OpenAs = Callable[..., Page]


def marks_of(world: World, student: Student) -> list[tuple[str, int, str | None]]:
    """Return the student's marks of today: those that were, the oldest first, then what is now."""
    query = """
    SELECT status, minutes_late, reason FROM (
        SELECT status, minutes_late, reason, known_at FROM attendance_records_history WHERE student_id = %s
        UNION ALL
        SELECT status, minutes_late, reason, 'infinity' FROM attendance_records WHERE student_id = %s
    ) AS versions ORDER BY known_at
    """
    with world.open() as db:
        rows = db.connection().exec_driver_sql(query, (student.student_id, student.student_id))
        return [(row[0], row[1], row[2]) for row in rows]


def choose(page: Page, student: UUID, status: str) -> None:
    page.locator(f'input[name="s-{student}"][value="{status}"]').check()


def test_a_teacher_marks_by_exception_and_corrects_without_script(world: World, open_as: OpenAs) -> None:
    ada, ben = world.student("Ada Late"), world.student("Ben There")
    page = open_as("teacher", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(world.algebra_path)
    page.get_by_role("link", name="Take attendance").click()
    expect(page.get_by_role("group", name="Ada Late").get_by_label("Present")).to_be_checked()
    choose(page, ada.student_id, "tardy")
    page.locator(f"#m-{ada.student_id}").fill("12")
    page.locator(f"#r-{ada.student_id}").fill("bus")
    page.get_by_role("button", name="Save attendance").click()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    assert marks_of(world, ada) == [("tardy", 12, "bus")]
    assert marks_of(world, ben) == [], "the school sends exceptions only: who is not marked was there"

    page.locator(f"#m-{ada.student_id}").fill("")
    page.locator(f"#r-{ada.student_id}").fill("")
    choose(page, ada.student_id, "present")
    page.get_by_role("button", name="Save attendance").click()

    expect(page.get_by_role("status")).to_contain_text("is saved")
    assert marks_of(world, ada) == [("tardy", 12, "bus"), ("present", 0, None)]
    assert log_of(world, "attendance_taken") >= 2, "both are in the activity log"


def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(world: World, open_as: OpenAs) -> None:
    ada, ben = world.student("Ada Wrong"), world.student("Ben Reason")
    page = open_as("teacher", java_script_enabled=False)
    page.goto(f"{world.algebra_path}/attendance")
    choose(page, ada.student_id, "absent")
    page.locator(f"#m-{ada.student_id}").fill("9")
    page.locator(f"#r-{ben.student_id}").fill("dentist")
    page.get_by_role("button", name="Save attendance").click()

    expect(page.get_by_role("alert")).to_contain_text("2 fields need another look")
    minutes = page.locator(f"#m-{ada.student_id}")
    expect(minutes).to_have_value("9")
    expect(minutes).to_have_attribute("aria-invalid", "true")
    told = minutes.get_attribute("aria-describedby")
    expect(page.locator(f"[id='{told}']")).to_contain_text("mark them tardy")
    expect(page.locator(f"#r-{ben.student_id}")).to_have_value("dentist")
    expect(page.locator(f'input[name="s-{ada.student_id}"][value="absent"]')).to_be_checked()
    assert marks_of(world, ada) == []


def test_a_day_on_which_the_class_does_not_meet_cannot_be_marked(world: World, sign_in: SignIn) -> None:
    world.student()
    client = sign_in("teacher")
    for day, why in (
        (HOLIDAY, "not a day of instruction"),
        (TODAY + timedelta(days=1), "has not come yet"),
        (BEGAN - timedelta(days=1), "not among its days"),
    ):
        answer = client.get(f"{world.algebra_path}/attendance?on={day}")

        assert answer.status_code == 200
        assert why in answer.text
        assert "Save attendance" not in answer.text


def test_a_stale_form_is_shown_again_with_what_was_typed(world: World, sign_in: SignIn) -> None:
    ada = world.student()
    fields = {"on": str(TODAY), f"s-{ada.student_id}": "absent", f"r-{ada.student_id}": "fever"}

    answer = sign_in("teacher").post(f"{world.algebra_path}/attendance", data=fields)

    assert answer.status_code == 403
    assert "send it again" in answer.text
    assert 'value="fever"' in answer.text
    assert marks_of(world, ada) == []


def test_another_teachers_class_is_not_theirs_to_mark(world: World, sign_in: SignIn) -> None:
    client = sign_in("colleague")

    assert "Take attendance" not in client.get(world.algebra_path).text
    assert client.get(f"{world.algebra_path}/attendance").status_code == 403


def test_a_principal_submits_the_day_and_a_day_left_out_is_told(world: World, open_as: OpenAs) -> None:
    page = open_as("principal", java_script_enabled=False)
    page.goto(f"/schools/{world.oak.school_id}")
    page.get_by_role("link", name="Submit a day").click()
    page.goto(f"/schools/{world.oak.school_id}/attendance?on={TODAY}")
    page.get_by_role("button", name="Submit").click()
    left_out = page.get_by_text("has not submitted")
    if left_out.count():  # yesterday is not submitted yet, unless the matrix was run before
        page.goto(f"/schools/{world.oak.school_id}/attendance?on={TODAY - timedelta(days=1)}")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("status")).to_contain_text("is submitted")
        page.goto(f"/schools/{world.oak.school_id}/attendance?on={TODAY}")
        page.get_by_role("button", name="Submit").click()

    expect(page.get_by_role("status")).to_contain_text("is submitted")
    with world.open() as db:
        through = db.connection().exec_driver_sql("SELECT submitted_through FROM attendance_submissions")
        assert through.scalar_one() == TODAY
