"""What is of another tenant is answered like what is not there, byte for byte, on every route with an id."""

import re
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi.testclient import TestClient

from rollbook.ui.forms import form_token
from web.clients import SignIn
from web.hostile.conftest import Written
from web.hostile.routes import Way, ways

WITH_ID = [way for way in ways() if way.takes_ids]
OLGA = "olga@open.example"  # of the university; the ids are the district's
OWN = {"x-request-id", "date"}
# Another each time, so that a page's length tells nothing of it.
TOKEN = re.compile(r'name="form_token" value="[0-9a-f]+"')
MISSING = (404, 409, 422, 403)


def answered(client: TestClient, way: Way, facts: dict[str, str]) -> httpx2.Response:
    address, needed = way.address(facts), way.needed(facts)
    client.headers["accept-encoding"] = "identity"  # packed, a page's length follows from its random token
    if way.is_api:
        body = way.body(facts) if way.writes else None
        return client.request(way.method, address, json=body, params=needed)
    token = form_token(client.cookies.get("rollbook") or "")
    fields = way.form | {"form_token": token, "on": "2025-11-25"} if way.writes else None
    return client.request(way.method, address, data=fields, params=needed)


def shown(answer: httpx2.Response, facts: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Return all that is seen of an answer, but for the ids that were asked for."""
    text = TOKEN.sub("", answer.text)
    for name, value in facts.items():
        text = text.replace(value, f"<{name}>")
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    return answer.status_code, headers, text


@pytest.mark.parametrize("way", WITH_ID, ids=str)
def test_what_is_of_another_tenant_is_not_there(
    sign_in: SignIn, facts: dict[str, str], written: Written, way: Way
) -> None:
    client = sign_in(OLGA)
    nowhere = {name: str(uuid4()) for name in facts}

    theirs, nothing = answered(client, way, facts), answered(client, way, nowhere)

    assert shown(theirs, facts) == shown(nothing, nowhere)
    assert theirs.status_code in MISSING
    assert written(theirs) == set()
    assert "Oak" not in theirs.text


@pytest.mark.parametrize("way", [way for way in WITH_ID if "{student_id}" in way.path], ids=str)
def test_what_another_of_the_same_tenant_may_see_is_not_there(
    sign_in: SignIn, facts: dict[str, str], way: Way
) -> None:
    """A student whom a teacher does not teach; what else the address names is the teacher's to see."""
    client = sign_in("nobody@oak.example")
    nowhere = facts | {"student_id": str(uuid4())}

    theirs, nothing = answered(client, way, facts), answered(client, way, nowhere)

    assert shown(theirs, facts) == shown(nothing, nowhere)
    assert theirs.status_code in MISSING


def test_who_may_see_it_is_shown_it(sign_in: SignIn, facts: dict[str, str]) -> None:
    """The positive control: the same addresses are answered to whom they are open."""
    client = sign_in("district_admin")
    found = {str(way): answered(client, way, facts).status_code for way in WITH_ID if not way.writes}

    assert {way: status for way, status in found.items() if status != 200} == {}
    assert len(found) > 25


@pytest.mark.parametrize("strange", ["x", str(UUID(int=0)), "0" * 32, f"{{{UUID(int=7)}}}", "urn:uuid:x"])
def test_what_is_no_id_is_refused_without_being_repeated(
    sign_in: SignIn, facts: dict[str, str], strange: str
) -> None:
    client = sign_in("district_admin")
    for way in WITH_ID:
        odd = dict.fromkeys(facts, strange)
        answer = answered(client, way, odd)

        assert answer.status_code in MISSING, way
