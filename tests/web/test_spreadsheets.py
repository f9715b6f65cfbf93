"""No file that a page gives for saving runs anything in a spreadsheet, whatever people are called."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import rollbook
from rollbook.app import create_app
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from rollbook.testing.databases import TestServer
from web import cast as the_cast
from web.clients import post_form
from web.conftest import show_second_factor

SOURCE = Path(rollbook.__file__).parent
PATHS = sorted(
    path
    for file in SOURCE.rglob("pages*.py")
    for path in re.findall(r'router\.get\("(/[^"{}]*\.csv)"', file.read_text(encoding="utf-8"))
)
FOR_PROGRAMS = {
    "exchange/csv_files/commands.py",
    "exchange/csv_files/reading.py",
    "exchange/oneroster/export.py",
    "intake/rejects.py",
}
DAYS = "since=2025-09-01&until=2025-12-31"  # the cast's term, for the files that are of some days
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1")
RENAMED = {
    ("students", "student_number"): ("first_name", "last_name"),
    ("schools", "school_code"): ("name",),
    ("staff", "staff_number"): ("first_name", "last_name"),
    ("fitness_tests", "test_code"): ("name", "unit"),
    ("discipline_incidents", "incident_number"): ("incident_type", "location"),
}


def rename(db: Session) -> None:
    """Call everybody and everything like one of the formulas."""
    for (table, key), columns in RENAMED.items():
        values = ", ".join(f"{column} = :formula" for column in columns)
        query = text(f"UPDATE {table} SET {values} WHERE abs(hashtext({key})) % :count = :nr")
        for nr, formula in enumerate(FORMULAS):
            db.execute(query, {"formula": formula, "nr": nr, "count": len(FORMULAS)})


@pytest.fixture(scope="module")
def client(rollbook_server: TestServer) -> Iterator[TestClient]:
    """Sign in where everybody is called like a formula."""
    with rollbook_server.database() as lent:
        the_cast.build(lent.url, lent.owner_url)
        with Session(engine_for(lent.url)) as db, db.begin():
            look_through(db, Visibility(find_tenant(db, "oak-valley").tenant_id))
            rename(db)
        app = create_app(lent.url)
        with TestClient(app, base_url="http://rollbook.test", follow_redirects=False) as opened:
            email = "district_admin@oak.example"
            answer = post_form(opened, "/sign-in", email=email, password=the_cast.PASSWORD)
            assert answer.status_code == 303, answer.text
            show_second_factor(lent.owner_url, opened.cookies["rollbook"])
            yield opened
        app.state.engine.dispose()


@pytest.mark.parametrize("path", PATHS)
def test_a_formula_is_text(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}?{DAYS}")

    assert answer.status_code == 200, answer.text
    cells = [cell for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))) for cell in row]
    dangerous = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [cell for cell in dangerous if not cell.removeprefix("-").replace(".", "").isdigit()] == []
    assert any(cell.startswith("'") and cell[1] in "=+-@\t\r" for cell in cells if len(cell) > 1)


def test_rows_for_people_are_written_in_one_place() -> None:
    """Who else writes CSV writes it for a program, which takes a value as it is."""
    writers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter", path.read_text(encoding="utf-8"))
    }

    assert writers - FOR_PROGRAMS == {"ui/tables.py", "core/output.py", "intake/fixup.py"}
    assert len(PATHS) > 4, "they were found"
