"""Pages of students, schools, sections and lesson plans: what they say to whom, and their files."""

import csv
import io
import re

import pytest

from web import cast as the_cast
from web.clients import SignIn

HELD = "\N{NO-BREAK SPACE}"


def said(page: str) -> str:
    """Return the page's words."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace(HELD, " ").split())


def first_line(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found is not None
    return said(found[1])


@pytest.mark.parametrize(
    ("who", "path", "line"),
    [
        ("district_admin", "/students", "You see 131 students."),
        ("teacher", "/students", "You see 65 students."),
        ("nobody@oak.example", "/students", "No student is tied to you yet."),
        ("district_admin", "/students?q=abara", "13 students of yours fit the filter."),
        ("district_admin", "/schools", "2 schools, with 131 student enrollments."),
        ("principal", "/schools", "2 schools, with 87 student enrollments that you may see."),
        ("district_admin", "/schools/{oak}", "Oak High School has 87 students."),
        ("principal", "/schools/{elm}", "Elm Middle School has 0 students whom you may see."),
        ("teacher", "/sections", "You work in 1 section on Fri 19 Dec 2025."),
        ("teacher", "/sections?whose=all", "2 sections run on Fri 19 Dec 2025."),
        ("district_admin", "/sections", "2 sections run on Fri 19 Dec 2025."),
        ("district_admin", "/sections?q=algebra", "1 section runs that fits the filter on Fri 19 Dec 2025."),
        ("teacher", "/sections?q=english", "You work in no section that fits the filter on Fri 19 Dec 2025."),
        ("district_admin", "/sections/{algebra}", "65 students are in Algebra I, section 2025F."),
        ("nobody@oak.example", "/sections/{algebra}", "0 students of yours are in Algebra I, section 2025F."),
        ("teacher", "/lesson-plans/{lesson}", "Slopes on foot is planned for Wed 3 Sep 2025."),
    ],
)
def test_the_first_line_answers_for_who_asks(
    sign_in: SignIn, world: the_cast.World, who: str, path: str, line: str
) -> None:
    address = path.format(oak=world.oak, elm=world.elm, algebra=world.algebra, lesson=world.lesson)

    assert first_line(sign_in(who).get(address).text) == line


def test_a_school_says_who_when_and_what_runs(sign_in: SignIn, world: the_cast.World) -> None:
    words = said(sign_in("district_admin").get(f"/schools/{world.oak}?on=2025-10-31").text)

    assert "Vera Vice Principal" in words
    assert "Grade 9 23" in words
    assert "School year 2026 now" in words
    assert "78 school days, 45 of them over. The last is Fri 19 Dec 2025" in words
    assert "Algebra I ALG1 2025F Tara Teach 65" in words


def test_a_section_says_what_it_asks_for_and_what_is_planned(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("teacher").get(f"/sections/{world.algebra}?as_of=2025-09-20").text

    words = said(page)
    assert "Tara Teach Teacher" in words
    assert "It asks for Arithmetic; before that Counting." in words
    assert "Lesson 5 every section" in words, "of two weeks before"
    assert "Lesson 4 every section" not in words
    assert f'href="/lesson-plans/{world.lesson}"' not in page
    assert f'href="/students/{world.ada}"' in page


@pytest.mark.parametrize(
    ("path", "rows", "column"),
    [
        ("/students.csv?school=ELM", 44, "student_number"),
        ("/schools.csv", 2, "school_code"),
        ("/schools/{oak}/staff.csv", 6, "staff_number"),
        ("/schools/{oak}/calendar.csv", 80, "date"),
        ("/sections.csv?whose=all", 2, "section_code"),
        ("/sections/{algebra}/students.csv", 65, "student_number"),
        ("/sections/{algebra}/lesson-plans.csv", 54, "lesson_plan_code"),
    ],
)
def test_the_files_hold_the_same_rows(
    sign_in: SignIn, world: the_cast.World, path: str, rows: int, column: str
) -> None:
    client, address = sign_in("district_admin"), path.format(oak=world.oak, algebra=world.algebra)

    table = list(csv.DictReader(io.StringIO(client.get(address).text.removeprefix("\ufeff"))))
    document = client.get(address.replace(".csv", ".json")).json()

    assert len(table) == rows == document["total"] == len(document["rows"])
    assert document["is_synthetic"] is True
    if "sections.csv" not in path:
        assert [row[column] for row in table] == [row[column] for row in document["rows"]]


def test_a_files_name_holds_no_more_than_a_name_may(sign_in: SignIn, world: the_cast.World) -> None:
    answer = sign_in("teacher").get(f"/sections/{world.algebra}/students.csv")

    assert answer.headers["content-disposition"] == 'attachment; filename="class-ALG1-2025F-2025-12-19.csv"'


def test_students_page_forth_and_keep_their_filter(sign_in: SignIn) -> None:
    client, numbers = sign_in("district_admin"), list[str]()
    address = "/students?school=OAK&sort=number"
    while True:
        page = client.get(address).text
        numbers += re.findall(r'<td class="col-code">(\w+)</td>', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")

    assert numbers == sorted(set(numbers))
    assert len(numbers) == 87


def test_a_student_has_family_programmes_and_schools(sign_in: SignIn, world: the_cast.World) -> None:
    words = said(sign_in("counselor").get(f"/students/{world.ada}").text)

    assert "Omar Abara may not see the record Father" in words
    assert "Section 504 plan Mon 1 Sep 2025" in words
    assert "Free lunch" not in words
    assert "Free lunch Mon 1 Sep 2025" in said(sign_in("district_admin").get(f"/students/{world.ada}").text)


@pytest.mark.parametrize("path", ["/schools/{oak}", "/sections/{algebra}", "/lesson-plans/{lesson}"])
def test_pages_of_another_tenant_do_not_exist(sign_in: SignIn, world: the_cast.World, path: str) -> None:
    address = path.format(oak=world.oak, algebra=world.algebra, lesson=world.lesson)

    assert sign_in("olga@open.example").get(address).status_code == 404
    assert sign_in("nobody@oak.example").get(address).status_code == 200
