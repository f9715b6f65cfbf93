"""No table is forgotten by the rules of retention, and a tenant sets what a law allows."""

from datetime import date

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.migrations.registry import metadata
from rollbook.privacy.about import TABLES, tables_about
from rollbook.privacy.periods import (
    PeriodInvalid,
    PeriodReasonMissing,
    PeriodTooShort,
    TableFollows,
    TableKept,
    TableUnknown,
    periods,
    set_period,
)
from rollbook.privacy.retention_rules import GOES_WITH, RULES, Period, unruled


def test_of_every_table_it_is_said_how_long_its_rows_are_kept() -> None:
    assert unruled(metadata.tables.values()) == set()


def test_a_new_table_that_nobody_thought_of_is_noticed() -> None:
    new = Table("locker_codes", MetaData(), Column("tenant_id", Integer, primary_key=True))
    kept = [table for table in metadata.tables.values() if table.name != "sections"]

    assert unruled([*metadata.tables.values(), new]) == {"locker_codes"}
    assert unruled(kept) == {"sections"}, "a rule for a table that is gone is noticed too"


def test_rules_count_from_what_there_is() -> None:
    for name, rule in RULES.items():
        if rule.since == "leaving":
            assert name in tables_about()
        elif name != "intake_rejects":
            assert rule.since in TABLES[name].c
        assert rule.keep != Period()
        assert (rule.least is None) == (not rule.law)
        assert rule.least is None or not rule.keep.is_under(rule.least)


def test_what_goes_with_a_table_goes_with_one_that_has_a_rule() -> None:
    assert set(GOES_WITH.values()) <= set(RULES)


def test_rows_that_refer_to_rows_with_a_rule_go_by_the_same_one() -> None:
    """Else a parent could not go before its child is past its own rule."""
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            parent = key.column.table.name
            if parent in RULES or parent in GOES_WITH:
                assert GOES_WITH.get(table.name, table.name) == GOES_WITH.get(parent, parent)


@pytest.mark.parametrize(
    ("table", "period", "fault"),
    [
        ("attendance_records", Period(3), PeriodTooShort),
        ("attendance_records", Period(days=4 * 365), PeriodTooShort),
        ("grades", Period(), PeriodInvalid),
        ("grades", Period(-1, 400), PeriodInvalid),
        ("grades", Period(201), PeriodInvalid),
        ("training_feedback", Period(2), TableFollows),
        ("students", Period(2), TableKept),
        ("nothing", Period(2), TableUnknown),
    ],
)
def test_what_cannot_be_set_is_said(
    db: Session, tenant: Tenant, table: str, period: Period, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        set_period(db, tenant.tenant_id, table, period, reason="board 2033-4")


def test_why_must_be_said(db: Session, tenant: Tenant) -> None:
    with pytest.raises(PeriodReasonMissing):
        set_period(db, tenant.tenant_id, "grades", Period(2), reason=" ")


def test_the_least_that_a_law_asks_may_be_set_and_less_written_past_us_does_not_count(
    db: Session, tenant: Tenant
) -> None:
    set_period(db, tenant.tenant_id, "attendance_records", Period(4), reason="board 2033-4")
    least = periods(db, tenant.tenant_id)["attendance_records"]
    db.execute(text("UPDATE retention_rules SET keep_years = 0, keep_days = 1"))
    db.expire_all()

    assert least == periods(db, tenant.tenant_id)["attendance_records"] == Period(4)


@pytest.mark.parametrize(
    ("day", "period", "first_kept"),
    [
        (date(2028, 2, 29), Period(1), date(2027, 2, 28)),
        (date(2028, 2, 29), Period(4), date(2024, 2, 29)),
        (date(2026, 3, 1), Period(1, 1), date(2025, 2, 28)),
        (date(50, 1, 1), Period(200, 36500), date.min),
    ],
)
def test_a_period_is_counted_by_the_calendar(day: date, period: Period, first_kept: date) -> None:
    assert period.before(day) == first_kept
