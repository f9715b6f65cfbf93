"""`rollbook risk ...`: data on stdout, one sentence and exit 1 on bad input, the database unchanged."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from commands import rollbook
from risk.cast import next_term, term
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, find_tenant, look_through
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COUNTS = """
    SELECT (SELECT count(*) FROM student_features), (SELECT count(*) FROM model_metadata),
    (SELECT count(*) FROM predictions)
"""


@pytest.fixture
def run(fresh_database: Database) -> Run:
    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, "risk", *arguments, COLUMNS="200")

    return command


@pytest.fixture
def oak(fresh_database: Database) -> Iterator[Callable[[], tuple[int, ...]]]:
    """Make two terms of students that stay; return what counts the rows that risk writes."""
    engine = engine_for(fresh_database.url)  # its pool would outlive the database
    with Session(engine) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        term(db)
        next_term(db)

    def counts() -> tuple[int, ...]:
        with Session(engine) as db:
            look_through(db, Visibility(find_tenant(db, "oak").tenant_id))
            return tuple(db.execute(text(COUNTS)).one())

    yield counts
    engine.dispose()


def test_the_main_job_from_features_to_a_list(run: Run, oak: Callable[[], tuple[int, ...]]) -> None:
    built = run("build", "--as-of", "2026-02-09", "--json")
    trained = run("train", "--as-of", "2026-01-05", "--json")
    scored = run("score", "--as-of", "2026-02-09", "--json")

    assert [done.returncode for done in (built, trained, scored)] == [0, 0, 0], trained.stderr + scored.stderr
    assert json.loads(built.stdout)["written"] == 12
    assert json.loads(trained.stdout)["model_version"] == json.loads(scored.stdout)["model_version"]
    assert "not known of anybody" in built.stderr
    assert oak() == (12, 1, 12)


def test_an_evaluation_is_the_same_document_again(run: Run, oak: Callable[[], tuple[int, ...]]) -> None:
    first = run("evaluate", "--days", "28", "--json")
    again = run("evaluate", "--days", "28", "--json")

    scores = json.loads(first.stdout)["scores"]
    assert first.stdout == again.stdout
    assert {score["model"] for score in scores} == {"ensemble", "lightgbm", "logistic", "rule"}
    assert {score["protocol"] for score in scores} == {"grouped"}
    assert "'next' needs an earlier presentation" in first.stderr
    assert oak() == (0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("build", "--as-of", "2019-01-01"), 1, "2019-01-01 lies before the first section of tenant 'oak'"),
        pytest.param(
            ("build", "--as-of", "2026-07-01"),
            1,
            "Nobody in tenant 'oak' is enrolled",
            marks=pytest.mark.slow,
        ),
        pytest.param(("score", "--as-of", "2026-02-09"), 1, "has no trained model", marks=pytest.mark.slow),
        (("train", "--as-of", "2025-10-01"), 1, "nothing to learn"),
        pytest.param(
            ("build", "--as-of", "2026-02-09", "--tenant", "nobody"),
            1,
            "no tenant 'nobody'",
            marks=pytest.mark.slow,
        ),
        (("evaluate", "--days", "soon"), 1, "'soon' is not a list of days"),
        pytest.param(("evaluate", "--days", "400"), 1, "nothing to evaluate", marks=pytest.mark.slow),
        pytest.param(("evaluate", "--courses", "ZZZ"), 1, "no course 'ZZZ'", marks=pytest.mark.slow),
        pytest.param(
            ("evaluate", "--test", "1999B"), 1, "no presentation or term '1999B'", marks=pytest.mark.slow
        ),
        (("build", "--as-of", "yesterday"), 2, "yesterday"),
        pytest.param(("evaluate", "--protocol", "own"), 2, "own", marks=pytest.mark.slow),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    run: Run, oak: Callable[[], tuple[int, ...]], arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert oak() == (0, 0, 0)
