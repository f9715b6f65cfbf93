"""Which list is shown, and that a student's page shows the scores of the same one."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from risk.lists import add_list, add_model
from rollbook.core.tenancy import Tenant
from rollbook.risk.lists import DATES_OFFERED, choose_list, lists_until
from rollbook.risk.student import risk_of
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


def test_a_student_has_the_score_of_the_list_that_the_caseload_shows(db: Session, tenant: Tenant) -> None:
    """Not that of a newer list of a model on trial, nor that of another target."""
    active, trial = add_model(db, tenant, "m1", active=True), add_model(db, tenant, "m2")
    other = add_model(db, tenant, "m3", active=True, target="course")
    student = make.create_student(db)
    week = timedelta(weeks=1)
    for days, model, score in ((2, active, 0.2), (1, active, 0.3), (1, trial, 0.9), (0, trial, 0.8)):
        add_list(db, tenant, NEWEST - days * week, model, {student: score})
    add_list(db, tenant, NEWEST + week, other, {student: 0.7})

    (risk,) = risk_of(db, tenant, student.student_id, lists_until(db, tenant))
    (then,) = risk_of(db, tenant, student.student_id, lists_until(db, tenant, NEWEST))

    current = choose_list(db, tenant).current
    assert current is not None
    assert (risk.latest.as_of, risk.latest.model_version) == (current.as_of, current.model_version)
    assert [score.risk_score for score in risk.history] == [0.2, 0.3]
    assert risk.left_on is None
    assert (then.latest.risk_score, then.left_on) == (0.8, None), "of a day the list of that day"


def test_a_student_off_the_list_is_said_to_have_left_with_the_first_without_them(
    db: Session, tenant: Tenant
) -> None:
    model = add_model(db, tenant, "m1", active=True)
    left, stayed = make.create_student(db), make.create_student(db)
    weeks = [NEWEST - timedelta(weeks=number) for number in range(60)]
    for number, day in enumerate(weeks):
        add_list(db, tenant, day, model, {stayed: 0.4} | ({left: 0.9} if number >= 57 else {}))

    (risk,) = risk_of(db, tenant, left.student_id, lists_until(db, tenant))
    (stays,) = risk_of(db, tenant, stayed.student_id, lists_until(db, tenant))

    assert (risk.latest.as_of, risk.left_on) == (weeks[57], weeks[56])
    assert len(risk.history) == 3
    assert stays.left_on is None
