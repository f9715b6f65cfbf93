"""A part of the real students, end to end: imported, evaluated, trained on, scored; twice with one result."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from real_students import NEEDS_OULAD, OULAD
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, look_through
from rollbook.exchange.oulad import import_oulad
from rollbook.risk import service
from rollbook.risk.evaluation import Choice, Evaluation, evaluate
from rollbook.testing.databases import TestServer

FILES = (
    *("courses", "assessments", "vle"),
    *("studentInfo", "studentRegistration", "studentAssessment", "studentVle"),
)
LIST = """
    SELECT rank, student_number, risk_score, confidence, risk_category, risk_factors::text
    FROM predictions JOIN students USING (tenant_id, student_id) ORDER BY rank
"""

pytestmark = NEEDS_OULAD


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixth student of BBB in its first two presentations."""
    directory = tmp_path_factory.mktemp("part")
    for name in FILES:
        source = next(OULAD.glob(f"{name}.csv*"))
        content = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
        head, *lines = csv.reader(content.decode().splitlines())
        kept = [line for line in lines if _is_kept(dict(zip(head, line, strict=True)))]
        with (directory / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([head, *kept])
    return directory


def _is_kept(row: dict[str, str]) -> bool:
    here = row.get("code_module", "BBB") == "BBB" and row.get("code_presentation", "2013B") != "2014B"
    work = int(row.get("id_assessment", 14984)) in range(14984, 15008)
    return here and work and int(row.get("id_student", 0)) % 6 == 0


@contextmanager
def imported(server: TestServer, part: Path) -> Iterator[tuple[Session, Tenant]]:
    with server.database() as lent:
        import_oulad(lent.url, part)
        with Session(engine_for(lent.url, statement_timeout_s=0)) as db:
            tenant = find_tenant(db, "oulad")
            look_through(db, Visibility(tenant.tenant_id))
            yield db, tenant
        engine_for(lent.url, statement_timeout_s=0).dispose()


def all_of_it(server: TestServer, part: Path) -> tuple[Evaluation, service.TrainSummary, list[object]]:
    with imported(server, part) as (db, tenant):
        found = evaluate(db, tenant, Choice(days=(28,)))
        trained = service.train(db, tenant, date(2013, 11, 26))
        service.score(db, tenant, date(2013, 11, 26))
        return found, trained, [tuple(row) for row in db.execute(text(LIST))]


@pytest.mark.slow
def test_a_fresh_import_gives_the_same_figures_model_and_list(
    rollbook_server: TestServer, part: Path
) -> None:
    found, trained, listed = all_of_it(rollbook_server, part)
    again = all_of_it(rollbook_server, part)

    assert (asdict(found), trained, listed) == (asdict(again[0]), *again[1:])
    assert len(listed) > 200
    with_clicks = {
        score.model: score.figures["auc"].value or 0.0
        for score in found.scores
        if (score.protocol, score.with_clicks, score.tested_on) == ("next", True, ("2013J",))
    }
    assert with_clicks["ensemble"] > 0.65
    assert with_clicks["ensemble"] > with_clicks["rule"]
    assert {score.protocol for score in found.scores} == {"grouped", "next"}
