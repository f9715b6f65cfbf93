"""The caseload: who needs a look, to whom it is shown, its order, filters, pages and files."""

import csv
import io
import re
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from plans import nodes, plans_of
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web import cast as the_cast
from web.clients import SignIn

ROW = re.compile(r'<a class="row" href="/students/([0-9a-f-]{36})[^"]*">([^<]+)</a>')
TOTAL = re.compile(r'role="status">([\d,]+)\W([\d,]+) of ([\d,]+)')


def rows(page: str) -> list[str]:
    return [student_id for student_id, _ in ROW.findall(page)]


def total(page: str) -> int:
    found = TOTAL.search(page)
    return int(found[3].replace(",", "")) if found else 0


def everything(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/caseload.json{query}").json()["rows"]
    return found


def test_the_first_line_answers_who_needs_a_look(sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    page = client.get("/caseload").text

    need = [row for row in everything(client) if row["risk_category"] in ("critical", "high")]
    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading is not None
    assert re.match(
        rf"{len(need)} students need a look as of Tue\W25\WNov\W2025, \d+ (more|fewer) than", heading[1]
    )


def test_the_highest_risk_comes_first_with_its_reason(sign_in: SignIn) -> None:
    found = everything(sign_in("district_admin"))

    scores = [row["risk_score"] for row in found]
    assert len(found) == the_cast.STUDENTS
    assert scores == sorted(scores, reverse=True)
    page = sign_in("district_admin").get("/caseload").text
    assert "Missed 16 of the last 20 school days." in page


def test_pages_hold_each_row_once_forth_and_back(sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    forth: list[list[str]] = []
    address = "/caseload"
    while True:
        page = client.get(address).text
        forth.append(rows(page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")

    assert [len(page) for page in forth] == [50, 50, 30]
    assert len(set(sum(forth, []))) == the_cast.STUDENTS  # noqa: RUF017 -- three short lists
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back is not None
    assert rows(client.get(back[1].replace("&amp;", "&")).text) == forth[1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=ben+abara", 1),
        ("?q=ABARA", 13),
        ("?q=s0001", 1),
        ("?q=%25", 0),
        ("?school=ELM", 44),
        ("?course=ALG1", 65),
        ("?school=ELM&course=ALG1", 22),
        ("?school=none-such", 0),
        ("?q=&course=&school=&category=&as_of=", 130),
    ],
)
def test_a_filter_keeps_who_fits(sign_in: SignIn, query: str, expected: int) -> None:
    client = sign_in("district_admin")

    assert len(everything(client, query)) == expected
    assert total(client.get(f"/caseload{query}").text) == expected


def test_a_level_filters_too(sign_in: SignIn) -> None:
    client = sign_in("district_admin")

    assert {row["risk_category"] for row in everything(client, "?category=medium")} == {"medium"}


def test_it_sorts_by_name_and_by_change(sign_in: SignIn) -> None:
    client = sign_in("district_admin")

    names = [str(row["name"]).split()[::-1] for row in everything(client, "?sort=name")]
    changes = [row["change"] for row in everything(client, "?sort=change")]
    assert names == sorted(names)
    assert changes == sorted(changes, reverse=True)


def test_an_earlier_list_has_its_own_address(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("district_admin")

    page = client.get("/caseload?as_of=2025-11-11").text
    assert "as of Tue\N{NO-BREAK SPACE}11\N{NO-BREAK SPACE}Nov" in page
    assert f"/students/{world.ada}?as_of=2025-11-11" in page
    assert "There is no list of that date" in client.get("/caseload?as_of=2025-11-12").text


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("district_admin", 130),
        ("principal", 86),
        ("counselor", 43),
        ("teacher", 65),
        ("nobody@oak.example", 0),
    ],
)
def test_each_sees_their_own(sign_in: SignIn, who: str, seen: int) -> None:
    client = sign_in(who)

    assert total(client.get("/caseload").text) == seen
    assert len(everything(client)) == seen


def test_who_sees_nobody_is_told_what_to_do(sign_in: SignIn) -> None:
    page = sign_in("nobody@oak.example").get("/caseload").text

    assert "No student is tied to you yet." in page
    assert "administrator" in page


def test_whose_students_are_in_no_list_is_told_so(sign_in: SignIn) -> None:
    client = sign_in("later@oak.example")
    page = client.get("/caseload").text

    day = "Tue\N{NO-BREAK SPACE}25\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}2025"
    assert f"<h1>None of your students is in the list of {day}.</h1>" in page
    assert "Only students in a course that was running on that day are in a list." in page
    assert everything(client) == []


def test_a_course_tenant_lists_students_in_courses(sign_in: SignIn) -> None:
    client = sign_in("olga@open.example")
    page = client.get("/caseload").text

    assert {(row["name"], row["course_code"]) for row in everything(client)} == {
        (f"Student {number}", "BBB") for number in range(11390, 11394)
    }
    assert "2025J" in page
    assert "Synthetic data" not in page, "these are real"


def test_every_page_of_a_synthetic_tenant_says_so(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("district_admin")

    for path in ("/caseload", f"/students/{world.ada}", f"/students/{UUID(int=1)}"):
        assert "Synthetic data." in client.get(path).text


def test_the_csv_holds_every_row_and_runs_nothing_in_a_spreadsheet(sign_in: SignIn) -> None:
    answer = sign_in("district_admin").get("/caseload.csv")

    table = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert answer.headers["content-disposition"] == 'attachment; filename="caseload-2025-11-25.csv"'
    assert len(table) == the_cast.STUDENTS
    assert table[0]["reason_3"] == "'=The mean mark fell by 14 points since September."
    assert not [cell for row in table for cell in row.values() if cell.startswith(("=", "@", "+"))]


@pytest.mark.parametrize(
    "query",
    [
        "?as_of=soon",
        "?as_of=99999-01-01",
        "?category=worst",
        "?sort=random",
        "?after=AAAA",
        "?after=WyJhIiwiYiJd",
        "?after=%F0%9F%98%80",
        "?after=WyJcdTAwMDAiLCIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJd",
        "?q=" + "x" * 201,
        "?q=%00",
    ],
)
def test_what_cannot_be_is_refused_and_not_repeated(sign_in: SignIn, query: str) -> None:
    answer = sign_in("district_admin").get(f"/caseload{query}")

    assert answer.status_code in (400, 422)
    assert query.partition("=")[2] not in answer.text


@pytest.mark.parametrize(
    "query", ["?q=%ED%A0%80", "?q='%20OR%201=1--", "?as_of=0001-01-01", "?q=%F0%9F%98%80"]
)
def test_what_can_be_is_answered(sign_in: SignIn, query: str) -> None:
    assert sign_in("district_admin").get(f"/caseload{query}").status_code == 200


def test_the_same_address_serves_page_and_fragment_apart_in_caches(sign_in: SignIn) -> None:
    answer = sign_in("district_admin").get("/caseload", headers={"HX-Request": "true"})

    assert "HX-Request" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_file_of_the_whole_list_does_not_look_through_it_for_each_row(
    app: FastAPI, sign_in: SignIn
) -> None:
    """As one query plan says: the numbered list is read a few times, not once for each of its rows."""
    with Session(app.state.engine) as db:
        look_through(db, Visibility(find_tenant(db, "oak-valley").tenant_id))
        with plans_of(db, "numbered") as plans:
            everything(sign_in("district_admin"))
        scans = {node["Actual Loops"] for node in nodes(plans[0]) if node.get("CTE Name") == "numbered"}

    assert scans == {1}
