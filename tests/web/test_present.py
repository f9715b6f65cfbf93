"""Pages, files, answers and commands are about one day, the present, unless somebody names another."""

import json
import os
import subprocess
import sys
from datetime import date

import pytest
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, transaction
from rollbook.curriculum.present import present_of
from web.cast import World
from web.clients import SignIn

ANSWERS = (
    ("/api/v1/attendance/chronic", "as_of"),
    ("/attendance.json", "as_of"),
    ("/api/v1/students/{ada}/attendance", "until"),
    ("/api/v1/gpa", "as_of"),
    ("/api/v1/students/{ada}/transcript", "as_of"),
    ("/api/v1/students/{ada}/grades", "as_of"),
    ("/api/v1/activities/events", "until"),
    ("/pe.json", "until"),
)
PAGES = (("/attendance", "as_of"), ("/schools/{oak}", "on"), ("/conduct", "until"), ("/pe", "until"))


@pytest.fixture(scope="module")
def present(world: World) -> date:
    engine = engine_for(world.url)
    with Session(engine) as db:
        tenant_id = find_tenant(db, "oak-valley").tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        return present_of(db, db.get_one(Tenant, tenant_id))


@pytest.mark.parametrize("role", ["district_admin", "teacher"])
def test_an_answer_is_about_the_present(sign_in: SignIn, world: World, present: date, role: str) -> None:
    client = sign_in(role)

    told = {path: client.get(path.format(ada=world.ada)).json()[name] for path, name in ANSWERS}

    assert told == {path: present.isoformat() for path, _ in ANSWERS}


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_page_is_about_the_present(
    sign_in: SignIn, world: World, present: date, path: str, name: str
) -> None:
    page = sign_in("district_admin").get(path.format(oak=world.oak)).text

    assert f'name="{name}" id="{name}" value="{present}"' in page


def test_a_command_is_about_the_present(world: World, present: date) -> None:
    urls = {"ROLLBOOK_DATABASE_URL": world.url, "ROLLBOOK_OWNER_URL": world.owner_url}
    run = subprocess.run(
        [sys.executable, "-m", "rollbook.cli", "attendance", "chronic", "--tenant", "oak-valley", "--json"],
        env=os.environ | urls,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["as_of"] == present.isoformat()
