"""The student's page: what changed, why, what helps, the record; and to whom it does not exist."""

import re
from uuid import UUID

import pytest

from web import cast as the_cast
from web.clients import SignIn


def test_it_says_what_changed_why_and_what_helps(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("district_admin").get(f"/students/{world.ada}").text

    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "An estimated 80% risk that a course ends in a fail or a withdrawal, up 5 points since" in text
    reasons = re.findall(r'<p class="reason">([^<]+)</p><p class="helps">([^<]+)</p>', page)
    assert [reason for reason, _ in reasons] == [factor["description"] for factor in the_cast.factors(0.8)]
    assert all(helps for _, helps in reasons)


def test_every_chart_has_a_sentence_and_a_table_behind_it(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("district_admin").get(f"/students/{world.ada}").text

    charts = re.findall(r'<svg class="chart" role="img" aria-label="([^"]+)"', page)
    tables = re.findall(r'<details class="figures"><summary>', page)
    assert len(charts) == len(tables) == 4
    assert "Missed 21 of 60 days (35.0%) since Mon 1 Sep 2025: chronic absence" in _spaced(charts[1])
    assert "Handed in 9 of 10 pieces of work, 1 late" in charts[2]
    assert "last on Tue" in charts[3]
    assert page.count("<td><time") >= the_cast.WEEKS, "the scores, week by week"


def test_an_earlier_date_shows_what_stood_then(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("district_admin")
    page = client.get(f"/students/{world.ada}?as_of=2025-10-07").text

    assert "An estimated 45% risk" in page
    assert "1 incident" not in page
    assert "No incident is on record for this time." in page, "it happened a week later"


@pytest.mark.parametrize("who", ["principal", "counselor", "nobody@oak.example", "olga@open.example"])
def test_a_student_out_of_sight_does_not_exist(sign_in: SignIn, world: the_cast.World, who: str) -> None:
    client = sign_in(who)
    paths = ("/students/{}", "/api/v1/students/{}", "/api/v1/students/{}/predictions")

    for path in paths:
        hidden, unknown = (client.get(path.format(key)) for key in (world.other_school, UUID(int=7)))
        assert hidden.status_code == unknown.status_code == 404
        assert _without_tokens(hidden.text) == _without_tokens(unknown.text).replace(
            str(UUID(int=7)), str(world.other_school)
        )
        assert sign_in("district_admin").get(path.format(world.other_school)).status_code == 200


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _without_tokens(page: str) -> str:
    return re.sub(r'name="form_token" value="\w+"', "", page)


def test_a_student_without_scores_or_record_is_shown_honestly(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("district_admin").get(f"/students/{world.unscored}").text

    for sentence in (
        "There is no score for this student",
        "No attendance is on record",
        "No work was due",
        "No online activity is on record",
        "No incident is on record",
        "No course is on record",
    ):
        assert sentence in page


def test_a_course_tenants_student_is_scored_in_the_course(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("olga@open.example").get(f"/students/{world.graduate}").text

    assert "<h1>Student 11391</h1>" in page
    assert "risk that this course ends" in page
    assert "Module BBB" in page


def test_who_left_the_list_is_not_shown_as_if_still_in_it(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("olga@open.example")
    page = client.get(f"/students/{world.leaver}").text
    lead = page[page.index("<h2") : page.index("<figure")]
    text = " ".join(re.sub(r"<[^>]+>", " ", lead).split())

    assert "No longer in the list: Module BBB" in text
    assert "Not in the list since Tue 4 Nov 2025" in text
    assert "The last estimate was a 90% risk" in text
    assert "Look first" not in text
    assert "Look first" in client.get(f"/students/{world.leaver}?as_of=2025-11-03").text, "it stood then"


@pytest.mark.parametrize("as_of", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_dates_too(sign_in: SignIn, world: the_cast.World, as_of: str) -> None:
    client = sign_in("district_admin")

    assert client.get(f"/students/{world.ada}?as_of={as_of}").status_code == 200


@pytest.mark.parametrize("key", ["1", "not-an-id", "%27%20OR%201=1", "0" * 40])
def test_what_is_no_id_is_refused(sign_in: SignIn, key: str) -> None:
    assert sign_in("district_admin").get(f"/students/{key}").status_code == 422


def test_an_earlier_date_does_not_know_what_came_in_later(sign_in: SignIn, world: the_cast.World) -> None:
    """The project was due on 3 November and came on the 9th."""
    client = sign_in("district_admin")
    before, after = (client.get(f"/students/{world.ada}?as_of=2025-11-{day}").text for day in ("05", "09"))

    assert "Handed in 8 of 9 pieces of work;" in before
    assert "Handed in 9 of 9 pieces of work, 1 late;" in after
