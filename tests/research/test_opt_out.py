"""Nothing that is handed to outsiders has a word of the students whose families forbid it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4
from zipfile import ZipFile

import document
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from typer.main import get_command

from research import handing_out
from rollbook import cli
from rollbook.app import create_app
from rollbook.app.application import ROUTERS
from rollbook.core.database import close_engines, engine_for
from rollbook.core.encryption import open_row, seal_version
from rollbook.core.output import as_json
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, find_tenant, look_through
from rollbook.exchange.oneroster.export import export_oneroster
from rollbook.research.copying import Wanted, deidentify
from rollbook.roster.directory import DIRECTORY_COLUMNS, directory, undisclosed
from rollbook.roster.models import Student
from rollbook.testing import factories as make
from rollbook.testing.databases import TestServer

COMMANDS = sorted(dict(document.commands("rollbook", get_command(cli.app))))
DAY = date(2025, 11, 3)
ALIKE = 8
TEXTS = ("first_name", "middle_name", "last_name", "preferred_name", "email", "phone", "address")
CONTACT = ("email", "phone", "address")
# Letters as names have them, of many scripts; what makes a text unique stands around it.
WORDS = st.text(st.characters(categories=("Ll", "Lu", "Lo")), min_size=1, max_size=8)


@dataclass(frozen=True)
class Planted:
    """A district of a few students who are alike; of the first, texts that nobody else has."""

    url: str
    student_id: UUID


@pytest.fixture(scope="module")
def planted(rollbook_server: TestServer) -> Iterator[Planted]:
    with rollbook_server.database() as lent:
        engine = engine_for(lent.url)
        with Session(engine) as db, db.begin():
            tenant = ensure_tenant(db, "oak-valley", name="Oak Valley")
            look_through(db, Visibility(tenant.tenant_id))
            oak = make.create_school(db, name="Oak High School")
            students = [
                make.create_student(db, name=f"Name{at} Family{at}", school=oak) for at in range(ALIKE)
            ]
            chosen = students[0].student_id
        yield Planted(lent.url, chosen)
        close_engines(lent.url)


def plant(db: Session, planted: Planted, words: dict[str, str], *, opts_out: bool) -> dict[str, str]:
    """Give the student texts of their own; return them by column."""
    texts = {column: f"zq{column[:3]}{word}qz" for column, word in words.items()}
    tenant = find_tenant(db, "oak-valley")
    look_through(db, Visibility(tenant.tenant_id))
    student = db.get_one(Student, (tenant.tenant_id, planted.student_id))
    key = {"tenant_id": tenant.tenant_id, "student_id": planted.student_id}
    for column, said in seal_version(Student.metadata.tables["students"], key, texts).items():
        setattr(student, column, said)
    student.is_directory_opt_out = opts_out
    db.flush()
    return texts


def words() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict.fromkeys(TEXTS, WORDS))


def handed_to_outsiders(db: Session, folder: Path) -> dict[str, str]:
    """Return what each way of handing out writes."""
    tenant = db.scalars(select(Tenant)).one()
    columns = [getattr(Student, name) for name in DIRECTORY_COLUMNS["students"]]
    chosen = select(Student.student_id, *map(undisclosed, columns))
    rows = [
        open_row(
            tenant.tenant_id, "students", row["student_id"], dict(zip(row.keys(), row.values(), strict=True))
        )
        for row in db.execute(chosen).mappings()
    ]
    manifest = deidentify(db, tenant, Wanted("opt-out", k=4), folder / "copy")
    return {
        "directory": as_json(directory(db, tenant.tenant_id, DAY)),
        "undisclosed": as_json(rows),
        "deidentify": "".join(path.read_text(encoding="utf-8") for path in (folder / "copy").iterdir()),
        "deidentify --json": as_json(manifest),
    }


@given(words=words())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_of_who_opted_out_is_handed_to_outsiders(planted: Planted, words: dict[str, str]) -> None:
    with TemporaryDirectory() as folder, Session(engine_for(planted.url)) as db:
        texts = plant(db, planted, words, opts_out=True)

        handed = handed_to_outsiders(db, Path(folder))

        assert [(way, text) for way, out in handed.items() for text in texts.values() if text in out] == []
        assert "Family1" in handed["directory"], "others are in it"
        db.rollback()


@given(words=words())
@settings(max_examples=5, deadline=None)
def test_the_same_texts_are_handed_out_where_the_family_allows_it(
    planted: Planted, words: dict[str, str]
) -> None:
    """The positive control; a research copy names nobody whatever the family allows."""
    with TemporaryDirectory() as folder, Session(engine_for(planted.url)) as db:
        texts = plant(db, planted, words, opts_out=False)

        handed = handed_to_outsiders(db, Path(folder))

        for way in ("directory", "undisclosed"):
            assert [text for text in texts.values() if text not in handed[way]] == []
        assert [text for text in texts.values() if text in handed["deidentify"]] == []
        db.rollback()


@pytest.mark.parametrize("opts_out", [True, False])
def test_a_roster_for_services_says_how_to_reach_only_those_who_allow_it(
    planted: Planted, tmp_path: Path, *, opts_out: bool
) -> None:
    with Session(engine_for(planted.url)) as db, db.begin():
        texts = plant(db, planted, dict.fromkeys(TEXTS, "Ödé"), opts_out=opts_out)

    export_oneroster(planted.url, tmp_path / "bundle.zip", tenant_slug="oak-valley")

    with ZipFile(tmp_path / "bundle.zip") as bundle:
        users = list(csv.DictReader(io.StringIO(bundle.read("users.csv").decode())))
        everything = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert texts["last_name"] in {user["familyName"] for user in users}, "services need the roster"
    told = {column for column in CONTACT if texts[column] in everything}
    assert told == (set() if opts_out else {"email", "phone"})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_judged(command: str) -> None:
    assert handing_out.is_judged(command), "put it into one list of handing_out.py, with the reason"


def test_a_command_that_nobody_judged_is_noticed() -> None:
    assert not handing_out.is_judged("rollbook export yearbook")
    assert not handing_out.is_judged("rollbook privacy sell")


def test_every_address_that_answers_without_a_sign_in_is_listed_and_names_nobody(planted: Planted) -> None:
    with Session(engine_for(planted.url)) as db, db.begin():
        texts = plant(db, planted, dict.fromkeys(TEXTS, "Ödé"), opts_out=True)
    app = create_app(planted.url)
    answered, asked = {}, 0

    with TestClient(app, base_url="http://rollbook.test", follow_redirects=False) as client:
        for route in (route for router in [*ROUTERS, app.router] for route in router.routes):
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                asked += 1
                answer = client.get(_filled(route.path, planted))
                assert not [text for text in texts.values() if text in answer.text], route.path
                if not _is_turned_away(answer.status_code, answer.headers.get("location", "")):
                    answered[route.path] = answer.status_code
    app.state.engine.dispose()

    assert set(answered) <= set(handing_out.OPEN)
    assert {"/health", "/metrics", "/sign-in"} <= set(answered)
    assert asked > 50, "it asked every address"


def _filled(path: str, planted: Planted) -> str:
    kinds = {"kind": "csv", "student_id": str(planted.student_id), "tenant": "oak-valley", "name": "none"}
    parts = [part.strip("{}") if part.startswith("{") else part for part in path.split("/")]
    filled = (
        kinds.get(part, str(uuid4())) if raw.startswith("{") else raw
        for part, raw in zip(parts, path.split("/"), strict=True)
    )
    return "/".join(filled).replace("{kind}", "csv")


def _is_turned_away(status: int, location: str) -> bool:
    return status in (401, 403) or (status == 303 and location.startswith("/sign-in"))


def test_what_is_printed_as_json_is_read(planted: Planted) -> None:
    """The outputs that are searched hold text as it is, not escaped: a search would find it."""
    assert json.loads(as_json(["Ödé"])) == ["Ödé"]
    assert "Ödé" in as_json(["Ödé"])
    assert planted.student_id
