"""Conduct in the web: the page, its files and the API tell each viewer what they may see, and no more."""

import csv
import io

import pytest

from web import cast as the_cast
from web.clients import SignIn

FIGHT = "Pushed in the queue"


def test_the_page_says_what_happened_how_often_and_what_was_done(sign_in: SignIn) -> None:
    page = sign_in("district_admin").get("/conduct").text

    assert "3 incidents from" in page
    assert "per 100 students" in page.lower()
    assert "out-of-school suspension, 2 days lost" in page
    assert "November 2025" in page


def test_a_filter_narrows_and_its_address_keeps_it(sign_in: SignIn) -> None:
    client = sign_in("district_admin")

    page = client.get("/conduct?type=fighting&severity=4").text

    assert "1 incident from" in page
    assert "Skipping class, serious" not in page
    assert client.get("/conduct?severity=6").status_code == 422
    assert "No incident fits the filter" in client.get("/conduct?type=none").text


@pytest.mark.parametrize(
    ("who", "reads"), [("district_admin", True), ("principal", True), ("counselor", True), ("teacher", False)]
)
def test_a_description_is_for_who_deals_with_incidents(sign_in: SignIn, who: str, reads: bool) -> None:
    client = sign_in(who)

    assert (FIGHT in client.get("/conduct").text) is reads
    assert (FIGHT in client.get("/conduct.csv").text) is reads
    assert (FIGHT in client.get("/conduct.json").text) is reads
    assert (FIGHT in client.get("/api/v1/incidents").text) is reads


def test_a_files_line_is_a_part_in_an_incident(sign_in: SignIn) -> None:
    answer = sign_in("district_admin").get("/conduct.csv?type=fighting")

    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(line["participant_role"], line["actions"]) for line in lines] == [
        ("perpetrator", "out-of-school suspension"),
        ("victim", ""),
    ]
    assert lines[0]["incident_time"] == "12:40"


def test_a_student_page_tells_their_part_alone(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("counselor")
    page = client.get(f"/students/{world.ada}").text
    told = client.get(f"/api/v1/students/{world.ada}/incidents").json()["data"]

    assert "Out-of-school suspension" in page
    assert FIGHT not in page
    assert [incident["incident_type"] for incident in told] == ["fighting", "skipping_class", "disruption"]
    assert told[0]["actions"][0]["days_lost"] == 2.0
    assert "description" not in told[0]


def test_incidents_of_a_student_out_of_sight_are_not_told(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("nobody@oak.example")

    assert client.get(f"/api/v1/students/{world.ada}/incidents").status_code == 404
    assert client.get("/api/v1/incidents").json()["data"] == []
    assert "No student is tied to you yet." in client.get("/conduct").text


def test_the_api_pages_through_incidents(sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    first = client.get("/api/v1/incidents?limit=2").json()
    second = client.get("/api/v1/incidents", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    days = [one["incident_on"] for one in first["data"] + second["data"]]
    assert days == sorted(days, reverse=True)
    assert (len(days), first["total"]["incidents"], second["next_cursor"]) == (3, 3, None)
    assert client.get("/api/v1/incidents?cursor=x").status_code == 422
