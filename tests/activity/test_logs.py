"""The activity log is only added to; entries about no student are for whoever sees the whole tenant."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.activity.logs import ensure_log_month, events_by_day, log_activity, read_log
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.testing import factories as make


def actions(db: Session, tenant: Tenant) -> list[str]:
    begin = clock.now() - timedelta(days=1)
    return [entry.action for entry in read_log(db, tenant, begin, begin + timedelta(days=2))]


@pytest.fixture(autouse=True)
def _month(db: Session) -> None:
    ensure_log_month(db, clock.now().date())


def test_entries_are_seen_with_their_student(db: Session, tenant: Tenant) -> None:
    ada, ben = make.create_student(db), make.create_student(db)
    log_activity(db, tenant, "signed_in")
    log_activity(db, tenant, "report_opened", student_id=ada.student_id, details={"page": "card"})
    log_activity(db, tenant, "report_printed", student_id=ben.student_id)
    assert set(actions(db, tenant)) == {"signed_in", "report_opened", "report_printed"}

    look_through(db, Visibility(tenant.tenant_id, (ada.student_id,)))
    assert actions(db, tenant) == ["report_opened"]

    look_through(db, Visibility(tenant.tenant_id, ()))
    assert actions(db, tenant) == []


def test_whoever_sees_few_may_log_what_is_about_nobody(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    look_through(db, Visibility(tenant.tenant_id, ()))

    log_activity(db, tenant, "signed_in")
    with pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
        log_activity(db, tenant, "report_opened", student_id=student.student_id)

    assert actions(db, tenant) == []
    look_through(db, Visibility(tenant.tenant_id))
    assert actions(db, tenant) == ["signed_in"]


@pytest.mark.parametrize("statement", ["UPDATE activity_logs SET action = 'x'", "DELETE FROM activity_logs"])
def test_an_entry_is_never_changed(db: Session, tenant: Tenant, statement: str) -> None:
    log_activity(db, tenant, "signed_in")

    with pytest.raises(DBAPIError, match="permission denied"):
        db.execute(text(statement))


def test_the_log_is_asked_by_action_and_student(db: Session, tenant: Tenant) -> None:
    ada = make.create_student(db)
    log_activity(db, tenant, "signed_in")
    log_activity(db, tenant, "report_opened", student_id=ada.student_id, details={"page": "card"})
    begin = clock.now() - timedelta(days=1)
    end = begin + timedelta(days=2)

    (entry,) = read_log(db, tenant, begin, end, student_id=ada.student_id)
    assert (entry.action, entry.details) == ("report_opened", {"page": "card"})
    assert [e.action for e in read_log(db, tenant, begin, end, action="signed_in")] == ["signed_in"]
    assert read_log(db, tenant, end, end) == []


def test_events_are_counted_by_day_and_kind(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    for clicks in (3, 4):
        make.record_clicks(db, make.create_student(db), section, clicks, 1)

    found = events_by_day(db, tenant, date(2025, 1, 1), date(2025, 12, 31))

    assert [(each.event_type, each.students, each.events) for each in found] == [
        ("clicks", 2, 7),
        ("clicks", 2, 2),
    ]
