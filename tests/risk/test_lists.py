"""Which list is shown."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from risk.lists import add_list, add_model
from rollbook.core.tenancy import Tenant
from rollbook.risk.lists import DATES_OFFERED, choose_list
from rollbook.testing import factories as make

NEWEST = date(2025, 11, 25)


def test_a_list_too_old_to_be_offered_is_still_found_by_its_date(db: Session, tenant: Tenant) -> None:
    model, student = add_model(db, tenant, "m1", active=True), make.create_student(db)
    dates = [NEWEST - timedelta(weeks=week) for week in range(DATES_OFFERED + 3)]
    for day in dates:
        add_list(db, tenant, day, model, {student: 0.4})
    oldest_but_one = dates[-2]

    newest, old = choose_list(db, tenant), choose_list(db, tenant, oldest_but_one)

    assert newest.dates == dates[:DATES_OFFERED]
    assert old.current is not None
    assert old.previous is not None
    assert (old.current.as_of, old.previous.as_of) == (oldest_but_one, dates[-1])
    assert old.dates == [*newest.dates, oldest_but_one], "what is shown is among what can be chosen"
    assert choose_list(db, tenant, oldest_but_one + timedelta(days=1)).current is None
