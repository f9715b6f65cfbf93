"""The PE page, its files and the API of activity: what they say, and only of whom the viewer may see."""

import csv
import io
import re

import pytest

from web.cast import World
from web.clients import SignIn

DAYS = "since=2025-09-01&until=2025-12-31"


def test_the_first_line_answers_how_fit_they_are(sign_in: SignIn) -> None:
    page = sign_in("district_admin").get(f"/pe?{DAYS}").text

    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading is not None
    assert re.match(r"\d+% of \d+ last fitness results since .* are in the healthy zone\.", heading[1])
    assert "under 10" in page
    assert "Mile run" in page


def test_the_files_hold_what_the_page_shows(sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    document = client.get(f"/pe.json?{DAYS}").json()
    rows = list(csv.DictReader(io.StringIO(client.get(f"/pe.csv?{DAYS}").text.removeprefix("\ufeff"))))

    assert document["is_synthetic"]
    shown = [row for row in document["rows"] if row["students"] is not None]
    assert len(rows) == len(document["rows"])
    assert all(row["students"] >= 10 for row in shown)
    assert client.get(f"/pe.json?{DAYS}&school=NONE").json()["rows"] == []


def test_the_api_tells_of_a_student(sign_in: SignIn, world: World) -> None:
    client = sign_in("district_admin")
    found = client.get(f"/api/v1/students/{world.ada}/activity?{DAYS}").json()

    assert [float(row["score"]) for row in found["performances"]] == [60, 50]
    assert [row["activity_code"] for row in found["improvement"]] == ["RUN"]
    assert [row["zone"] for row in found["fitness"]] == ["below"]
    assert client.get(f"/api/v1/students/{world.ada}/activity?until=0001-01-01").status_code == 200


def test_the_students_page_shows_what_they_did_in_pe(sign_in: SignIn, world: World) -> None:
    client = sign_in("district_admin")
    page = client.get(f"/students/{world.ada}").text

    assert "0 of 1 fitness result in the healthy zone, the last on Wed 15 Oct 2025." in " ".join(page.split())
    assert re.search(r"PACER.*?20.*?laps.*?Below", page, re.DOTALL)
    assert re.search(r"Mile run.*?2.*?50%.*?60%", page, re.DOTALL)
    assert "Physical education" not in client.get(f"/students/{world.unscored}").text


def test_the_api_lists_activities_fitness_and_events(sign_in: SignIn) -> None:
    client = sign_in("district_admin")

    assert [row["performances"] for row in client.get(f"/api/v1/activities?{DAYS}").json()["data"]] == [2]
    assert client.get(f"/api/v1/fitness?{DAYS}").json()["minimum"] == 10
    assert client.get(f"/api/v1/activities/events?{DAYS}").json()["data"] != []


def test_who_sees_no_student_sees_no_figure(sign_in: SignIn, world: World) -> None:
    nobody, later = sign_in("nobody@oak.example"), sign_in("later@oak.example")

    assert "No student is tied to you yet." in nobody.get("/pe").text
    for client in (nobody, later):
        assert client.get(f"/api/v1/fitness?{DAYS}").json()["data"] == []
        assert client.get(f"/api/v1/activities/events?{DAYS}").json()["data"] == []
        assert [row["performances"] for row in client.get(f"/api/v1/activities?{DAYS}").json()["data"]] == [0]
        assert client.get(f"/api/v1/students/{world.ada}/activity").status_code == 404


@pytest.mark.parametrize("path", ["/pe", "/pe.csv", "/api/v1/fitness", "/api/v1/activities"])
def test_nobody_sees_it_without_signing_in(sign_in: SignIn, path: str) -> None:
    client = sign_in("district_admin")
    client.cookies.clear()

    assert client.get(path).status_code in (303, 401)
