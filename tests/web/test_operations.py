"""The page of operations: for administrators, in sentences, from what was noted and what is seen now."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from rollbook.core.checks import Checked, State
from rollbook.core.errors import Unavailable
from rollbook.ops.runs import noted
from rollbook.reporting.health import VERB, Finding, told
from web import cast as the_cast
from web.clients import SignIn

PAGE = "/admin/operations"
NOTED = [
    Finding("backups", Checked("chain", State.WRONG, "The chain <b>ends</b>.", "rollbook backup create")),
    Finding("server", Checked("checksums", State.WRONG, "3 pages did not match.", "restore")),
    Finding("server", Checked("connections", State.FINE, "5 of 97 connections in use.")),
]


class BucketGone(Unavailable):
    """The repository {name} does not answer."""


@pytest.fixture
def admin(world: the_cast.World, sign_in: SignIn) -> TestClient:
    """Begin with nothing that was done."""
    owner = create_engine(world.owner_url)
    with owner.begin() as db:
        db.execute(text("TRUNCATE operations.runs"))
    owner.dispose()
    return sign_in("district_admin")


def note(world: the_cast.World) -> None:
    with noted(world.owner_url, VERB) as run:
        run.facts["checks"] = [told(finding) for finding in NOTED]
        run.has_findings = True


def test_before_anybody_looked_it_says_what_the_application_sees(admin: TestClient) -> None:
    page = admin.get(PAGE).text

    assert "Nobody with all rights has looked yet" in page
    assert "No restore has been proven yet" in page
    assert "fsync or full_page_writes is off" in page, "of the tests' server"
    assert "could not be taken" not in page, "what the application may not see is no fault"
    assert "No operation on the database has been noted yet." in page


def test_what_was_noted_is_shown_but_what_is_seen_now_wins(admin: TestClient, world: the_cast.World) -> None:
    note(world)
    with noted(world.owner_url, "backup.drill"):
        pass
    with pytest.raises(BucketGone), noted(world.owner_url, "backup.create"):
        raise BucketGone(name="vault")

    page, document = admin.get(PAGE).text, admin.get(f"{PAGE}.json").json()

    assert "The last restore was proven 0 seconds ago." in page
    assert "The chain &lt;b&gt;ends&lt;/b&gt;." in page
    assert "To mend it: rollbook backup create" in page
    assert "No page failed its checksum." in page
    assert "3 pages did not match." not in page
    assert "The repository vault does not answer." in page
    assert "Nobody with all rights" not in page
    checks = {(one["section"], one["name"]): one for one in document["checks"]}
    assert checks["backups", "chain"]["state"] == "wrong"
    assert checks["server", "connections"]["sentence"] == "5 of 97 connections in use."
    assert [run["verb"] for run in document["runs"]] == ["backup.create", "backup.drill"], "a look is no news"
    assert document["sentence"] in page
    assert document["looked_at"]
    states = [one["state"] for one in document["checks"]]
    assert states == sorted(states, key=["wrong", "warning", "fine"].index), "the worst comes first"


def test_a_look_that_is_old_says_so(admin: TestClient, world: the_cast.World) -> None:
    note(world)
    owner = create_engine(world.owner_url)
    with owner.begin() as db:
        db.execute(text("UPDATE operations.runs SET ended_at = ended_at - interval '4 hours'"))
    owner.dispose()

    assert "Nobody with all rights has looked since" in admin.get(PAGE).text


@pytest.mark.parametrize("role", ["principal", "counselor", "teacher"])
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}.json"])
def test_it_is_for_administrators(sign_in: SignIn, role: str, path: str) -> None:
    assert sign_in(role).get(path).status_code == 403


def test_it_is_not_shown_on_a_password_alone_or_to_nobody(by_password: SignIn, client: TestClient) -> None:
    assert (
        by_password("district_admin").get(PAGE).headers["location"] == f"/account/second-factor?next={PAGE}"
    )
    assert client.get(PAGE).headers["location"].startswith("/sign-in")


def test_an_administrator_finds_it(admin: TestClient) -> None:
    assert 'href="/admin/operations"' in admin.get("/account").text
