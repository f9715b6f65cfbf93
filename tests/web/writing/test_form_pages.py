"""Incidents, enrollment and lesson plans in Chromium without script: reachable, told what is wrong, kept."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from playwright.sync_api import Page, expect

from web.browser import PHONE, looks, violations
from web.clients import SignIn, post_form
from web.writing_cast import TODAY, World, log_of

OpenAs = Callable[..., Page]


def rows(world: World, query: str, *params: object) -> list[tuple[object, ...]]:
    with world.open() as db:
        return [tuple(row) for row in db.connection().exec_driver_sql(query, params)]


def test_a_teacher_records_an_incident_from_the_students_page(world: World, open_as: OpenAs) -> None:
    ada, ben = world.student("Ada Loud"), world.student("Ben Hurt")
    page = open_as("teacher", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(f"/students/{ada.student_id}")
    page.get_by_role("link", name="Record an incident").click()
    page.get_by_label("Type").fill("fighting")
    page.get_by_label("What was done").fill("detention")
    page.get_by_label("From").fill(str(TODAY))
    page.get_by_role("button", name="Add a student").click()
    expect(page.get_by_label("Type")).to_have_value("fighting")
    expect(page.get_by_label("What was done").first).to_have_value("detention")
    page.get_by_label("Number or name").nth(1).fill("Ben Hurt")
    page.get_by_label("Part in it").nth(1).select_option("victim")
    page.get_by_label("Injury").nth(1).fill("bruise")
    page.get_by_role("button", name="Record the incident").click()

    expect(page.get_by_role("status")).to_contain_text("is recorded")
    query = """
    SELECT student_id, participant_role, injury, action_type
    FROM incident_participants LEFT JOIN discipline_actions USING (tenant_id, incident_id, student_id)
    WHERE student_id = ANY(%s) ORDER BY participant_role
    """
    assert rows(world, query, [ada.student_id, ben.student_id]) == [
        (ada.student_id, "perpetrator", None, "detention"),
        (ben.student_id, "victim", "bruise", None),
    ]


def test_an_incident_that_cannot_be_is_told_field_by_field(world: World, open_as: OpenAs) -> None:
    world.student("Cai Twin")
    world.student("Cai Twin")
    page = open_as("teacher", java_script_enabled=False)
    page.goto("/incidents/new")
    page.get_by_label("Type").fill("commotion")
    page.get_by_label("Day", exact=True).fill(str(TODAY + timedelta(days=2)))
    page.get_by_label("Number or name").fill("Cai Twin")
    page.get_by_label("Description").fill("A long story\nin two lines")
    page.get_by_role("button", name="Record the incident").click()

    expect(page.locator("#incident_on-wrong")).to_contain_text("has not come yet")
    expect(page.locator("#who-0-wrong")).to_contain_text("Several students fit")
    expect(page.get_by_label("Description")).to_have_value("A long story\nin two lines")
    assert rows(world, "SELECT 1 FROM discipline_incidents WHERE incident_type = 'commotion'") == []


def test_a_form_that_is_sent_twice_records_one_incident(world: World, sign_in: SignIn) -> None:
    student, client = world.student(), sign_in("teacher")
    fields = {"incident_on": str(TODAY), "incident_type": "twice", "severity": "1", "number": "I-twice"}
    fields |= {"who-0": student.student_number, "role-0": "perpetrator"}

    answers = [post_form(client, "/incidents/new", **fields).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert rows(world, "SELECT 1 FROM discipline_incidents WHERE incident_type = 'twice'") == [(1,)]


def test_a_student_whom_one_does_not_see_cannot_be_named(world: World, sign_in: SignIn) -> None:
    ada = world.student()
    client = sign_in("colleague")

    assert client.get(f"/incidents/new?student={ada.student_id}").status_code == 404


def test_a_counselor_withdraws_a_student_with_the_sections_and_enrolls_them_again(
    world: World, open_as: OpenAs
) -> None:
    ada = world.student("Ada Leaves")
    page = open_as("counselor", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(f"/students/{ada.student_id}")
    page.get_by_role("link", name="Enroll or withdraw").click()
    page.get_by_label("First day no longer enrolled").fill("2001-01-01")
    page.get_by_role("textbox", name="Exit code").fill("W01")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#exit_on-wrong")).to_contain_text("cannot leave on 2001-01-01")
    expect(page.get_by_role("textbox", name="Exit code")).to_have_value("W01")
    page.get_by_label("First day no longer enrolled").fill(str(TODAY))
    page.get_by_role("button", name="Withdraw").click()

    expect(page.get_by_role("status")).to_contain_text("is withdrawn")
    places = "SELECT withdrawn_on FROM course_enrollments WHERE student_id = %s"
    assert rows(world, places, ada.student_id) == [(TODAY,)]
    assert rows(
        world, places.replace("course_enrollments", "course_enrollments_history"), ada.student_id
    ) == [(None,)]

    page.get_by_label("First day").fill(str(TODAY))
    page.get_by_role("button", name="Enroll").click()
    expect(page.get_by_role("status")).to_contain_text("is enrolled")
    stays = (
        "SELECT exit_on, exit_code FROM student_school_enrollments WHERE student_id = %s ORDER BY entry_on"
    )
    assert rows(world, stays, ada.student_id) == [(TODAY, "W01"), (None, None)]
    assert rows(world, places, ada.student_id) == [(TODAY,)], "places come with the timetable"


def test_a_registrar_admits_somebody_new_and_nobody_twice(world: World, open_as: OpenAs) -> None:
    there = world.student("Nia There")
    with world.open() as db:
        db.connection().exec_driver_sql(
            "UPDATE students SET birth_date = '2012-02-29' WHERE student_id = %s", (there.student_id,)
        )
    page = open_as("registrar", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto("/students")
    page.get_by_role("link", name="Admit a student").click()
    page.get_by_label("Number").fill(there.student_number)
    page.get_by_label("First name").fill("nia")
    page.get_by_label("Last name").fill("there")
    page.get_by_label("Birth date").fill("2012-02-29")
    page.get_by_role("button", name="Admit").click()
    expect(page.locator("#birth_date-wrong")).to_contain_text("of that name and birth date already")
    page.get_by_label("First name").fill("Noé")
    page.get_by_role("button", name="Admit").click()
    expect(page.locator("#student_number-wrong")).to_contain_text("with that number already")
    page.get_by_label("Number").fill("N-2012")
    page.get_by_label("Grade").select_option("7")
    page.get_by_role("button", name="Admit").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Noé there is enrolled at Oak High School")
    query = """
    SELECT first_name, birth_date::text, students.grade_level, entry_on
    FROM students JOIN student_school_enrollments USING (tenant_id, student_id)
    WHERE student_number = 'N-2012'
    """
    assert rows(world, query) == [("Noé", "2012-02-29", 7, TODAY)]


def test_who_leaves_a_caseload_is_no_longer_seen_and_the_page_says_so(world: World, open_as: OpenAs) -> None:
    ada = world.student("Ada Goes")
    page = open_as("caseload", java_script_enabled=False)
    page.goto(f"/students/{ada.student_id}/enrollment")
    page.get_by_role("button", name="Withdraw").click()

    expect(page).to_have_url(f"{page.url.split('/students')[0]}/students?done=withdrawn")
    expect(page.get_by_role("status").first).to_contain_text("no longer one of yours")


def test_a_teacher_plans_a_lesson_and_changes_it(world: World, open_as: OpenAs) -> None:
    page = open_as("teacher", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(world.algebra_path)
    page.get_by_role("link", name="Plan a lesson").click()
    page.get_by_label("Title").fill("Slopes of lines")
    page.get_by_label("Minutes").fill("0")
    page.get_by_label("Steps").fill("Draw\nMeasure")
    page.get_by_role("button", name="Save the lesson plan").click()
    expect(page.locator("#duration_minutes-wrong")).to_contain_text("from 1 to 600")
    expect(page.get_by_label("Steps")).to_have_value("Draw\nMeasure")
    page.get_by_label("Minutes").fill("45")
    page.get_by_role("button", name="Save the lesson plan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Slopes of lines")

    page.get_by_role("link", name="Change this lesson plan").click()
    page.get_by_label("Title").fill("Slopes")
    page.get_by_role("button", name="Save the lesson plan").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Slopes")
    query = "SELECT title, duration_minutes, content, staff_id IS NOT NULL FROM {} WHERE title = %s"
    said = (45, {"steps": ["Draw", "Measure"]}, True)
    now = rows(world, query.format("lesson_plans") + " AND lesson_plan_code LIKE 'LP-____________'", "Slopes")
    assert now == [("Slopes", *said)]
    before = rows(world, query.format("lesson_plans_history"), "Slopes of lines")
    assert before == [("Slopes of lines", *said)]


def test_a_teacher_records_pe_and_corrects_it_and_notes_stay(world: World, open_as: OpenAs) -> None:
    ada, ben = world.student("Ada Runs"), world.student("Ben Rests")
    page = open_as("teacher", java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(world.algebra_path)
    page.get_by_role("link", name="Record PE").click()
    page.get_by_label("Activity or test").select_option("activity:RUN")
    page.locator("#on").fill(str(TODAY - timedelta(days=1)))  # of which nobody else writes
    page.get_by_role("button", name="Show the class").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is filled in")
    page.locator(f"#v-{ada.student_id}").fill("101")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(f"[id='v-{ada.student_id}-wrong']")).to_contain_text("from 0 to 100")
    page.locator(f"#v-{ada.student_id}").fill("71.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    with world.open() as db:
        db.connection().exec_driver_sql("UPDATE student_activity_performances SET notes = 'windy'")
    page.locator(f"#m-{ada.student_id}").fill("9")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("is saved")
    query = "SELECT student_id, score, duration_minutes, notes FROM student_activity_performances"
    ours = f"{query} WHERE student_id = ANY(%s)"
    found = rows(world, ours, [ada.student_id, ben.student_id])
    assert found == [(ada.student_id, Decimal("71.50"), Decimal("9.00"), "windy")]
    assert log_of(world, "performance_recorded", ada.student_id) == 2
    assert log_of(world, "performance_recorded", ben.student_id) == 0, "an empty field writes nothing"


def test_fitness_results_of_a_class_are_kept_and_what_stays_is_not_written_again(
    world: World, sign_in: SignIn
) -> None:
    ada, ben = world.student(), world.student()
    client, path = sign_in("teacher"), f"{world.algebra_path}/pe"
    fields = {"what": "test:pacer", "on": str(TODAY), f"v-{ada.student_id}": "31"}
    assert post_form(client, path, **fields).status_code == 303
    assert post_form(client, path, **fields, **{f"v-{ben.student_id}": "-4.5"}).status_code == 303

    query = "SELECT result_value FROM fitness_results WHERE student_id = %s AND tested_on = %s"
    assert rows(world, query, ada.student_id, TODAY) == [(Decimal("31.000"),)]
    assert rows(world, query, ben.student_id, TODAY) == [(Decimal("-4.500"),)]
    assert log_of(world, "fitness_recorded", ada.student_id) == 1
    ahead = fields | {"on": str(TODAY + timedelta(days=1))}
    assert post_form(client, path, **ahead).status_code == 422
    assert post_form(client, path, **(fields | {"what": "test:none"})).status_code == 422
    assert sign_in("registrar").get(path).status_code == 403
    assert sign_in("colleague").get(path).status_code == 403


PAGES = {
    "attendance": ("teacher", "{algebra}/attendance"),
    "pe": ("teacher", "{algebra}/pe?what=activity:RUN"),
    "submission": ("principal", "/schools/{oak}/attendance"),
    "incident": ("teacher", "/incidents/new"),
    "withdrawal": ("counselor", "/students/{ada}/enrollment"),
    "enrollment": ("counselor", "/students/{gone}/enrollment"),
    "admission": ("registrar", "/students/new"),
    "lesson plan": ("teacher", "/lesson-plans/new?section={section}"),
}


def test_every_form_is_accessible_and_fits_a_phone(world: World, open_as: OpenAs) -> None:
    ada, gone = world.student(), world.student(enrolled=False)
    known = {
        "algebra": world.algebra_path,
        "section": world.algebra.section_id,
        "oak": world.oak.school_id,
        "ada": ada.student_id,
        "gone": gone.student_id,
    }
    for who, path in PAGES.values():
        page = open_as(who, viewport=PHONE)
        page.goto(path.format(**known))
        for look in looks(page, PHONE):
            assert violations(page) == [], (path, look)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_a_class_is_marked_by_keyboard(world: World, open_as: OpenAs) -> None:
    ada = world.student("Ada Keys")
    page = open_as("teacher")
    page.goto(f"{world.algebra_path}/attendance")
    page.locator(f'input[name="s-{ada.student_id}"][value="present"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("flu")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("is saved")
    found = rows(world, "SELECT status, reason FROM attendance_records WHERE student_id = %s", ada.student_id)
    assert found == [("absent", "flu")]
