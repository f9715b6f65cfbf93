"""An OULAD import has a receipt and can be taken back."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from exchange.drops import Drop, everything
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from rollbook.exchange.oulad import ImportSummary
from rollbook.intake.receipts import list_imports
from rollbook.intake.undo import undo
from rollbook.testing.databases import Database, TestServer

Import = Callable[..., ImportSummary]
Rows = Callable[..., Sequence[tuple[Any, ...]]]
CONTENT = (
    "SELECT student_number, gender FROM students ORDER BY 1",
    "SELECT student_id, section_id, enrolled_on, withdrawn_on FROM course_enrollments ORDER BY 1, 2",
    "SELECT student_id, assignment_id, grade_value FROM grades ORDER BY 1, 2",
    "SELECT student_id, event_on, event_count FROM analytics_events ORDER BY 1, 2",
)


def take_back(database: Database, import_id: int) -> None:
    with Session(engine_for(database.url, statement_timeout_s=0)) as db, db.begin():
        tenant = find_tenant(db, "oulad")
        look_through(db, Visibility(tenant.tenant_id))
        undo(db, tenant, import_id, who="ada")


def test_the_receipt_says_what_was_written(drop: Drop, import_drop: Import, rows: Rows) -> None:
    import_drop(drop, who="ada")

    ((who, state, counts),) = rows("SELECT who, state, counts FROM imports")
    assert (who, state) == ("ada", "done")
    assert counts["grades"] == {"new": 5, "changed": 0, "closed": 0, "deleted": 0, "unchanged": 0}


def test_a_correction_is_taken_back_and_then_the_first_drop(
    drop: Drop, import_drop: Import, rows: Rows, fresh_database: Database, rollbook_server: TestServer
) -> None:
    import_drop(drop)
    before = [rows(query) for query in CONTENT]
    drop.change("studentAssessment.csv", "101,7,18,False,78", "101,7,18,False,81")
    drop.change("studentRegistration.csv", "AAA,2013J,8,-159,", "AAA,2013J,8,-159,31")
    import_drop(drop.change("studentVle.csv", "AAA,2013J,8,502,-10,1", "AAA,2013J,8,502,-10,3"))
    assert [rows(query) for query in CONTENT] != before

    take_back(fresh_database, 2)
    assert [rows(query) for query in CONTENT] == before
    take_back(fresh_database, 1)

    left = everything(rollbook_server, fresh_database)
    assert {table for table, content in left.items() if content and not table.endswith("_history")} == {
        "tenants",
        "audit_writes",
    }
    assert import_drop(drop).written == 26


def test_history_shows_it(drop: Drop, import_drop: Import, fresh_database: Database) -> None:
    import_drop(drop)

    with Session(engine_for(fresh_database.url, statement_timeout_s=0)) as db, db.begin():
        look_through(db, Visibility(find_tenant(db, "oulad").tenant_id))
        assert [(one.format, one.state) for one in list_imports(db)] == [("OULAD", "done")]
