"""Forms of values: SQL accepts what Python does, never raises, and means the same by it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal as Number
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Text, column, delete, insert, literal, select, table, text
from sqlalchemy.orm import Session

from rollbook.intake.dates import ISO, USUAL, DateFormat
from rollbook.intake.moments import Clock, Day, Instant
from rollbook.intake.values import Decimal, Flag, Line, Several, Value, WholeNumber, Word, grade_level

FORMS: list[Value] = [
    *(Day(one) for one in USUAL),
    Instant(),
    Clock(),
    WholeNumber(-5, 500),
    Decimal(0, 100, 8, 2),
    Flag(),
    Line(5),
    Several(),
    grade_level(),
    Word(("present", "absent"), {"A": "absent", "present": "absent"}),
]
ODD = st.one_of(
    st.text("0123456789-/.:TZ+ eK;", max_size=30),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.dates().map(str),
    st.datetimes().map(lambda at: at.isoformat()),
)


GIVEN = table("given", column("value", Text))


@pytest.fixture
def given_values(db: Session) -> Session:
    """Lend a table for a value, as a planner would try to reckon with one that it knows."""
    db.execute(text("CREATE TEMP TABLE given (value text) ON COMMIT DROP"))
    return db


def of(db: Session, form: Value, value: str) -> Any:  # noqa: ANN401 -- whatever the form means
    """Return what a text means, or None if it has not the form."""
    db.execute(delete(GIVEN))
    db.execute(insert(GIVEN).values(value=value))
    if not db.scalar(select(form.holds(GIVEN.c.value))):
        assert db.scalar(select(form.holds(GIVEN.c.value))) is False
        return None
    return db.scalar(select(form.typed(GIVEN.c.value)))


@settings(max_examples=40)
@given(value=ODD)
def test_no_text_is_too_odd(given_values: Session, value: str) -> None:
    given_values.execute(text("SET LOCAL timezone = 'UTC'"))
    for form in FORMS:
        of(given_values, form, value)
        assert given_values.scalar(select(form.holds(literal(value, Text)))) in {True, False}


def by_hand(written: DateFormat, value: str) -> date | None:
    if not written.separator or written == ISO:
        lengths = {"YYYY": "[0-9]{4}", "MM": "[0-9]{2}", "DD": "[0-9]{2}"}
    else:
        lengths = {"YYYY": "[0-9]{4}", "MM": "[0-9]{1,2}", "DD": "[0-9]{1,2}"}
    pattern = re.escape(written.separator).join(f"(?P<{part}>{lengths[part]})" for part in written.order)
    found = re.fullmatch(pattern, value)
    try:
        day = date(int(found["YYYY"]), int(found["MM"]), int(found["DD"])) if found else None
    except ValueError:
        return None
    return day if day and 1900 <= day.year <= 2199 else None


NEAR_DATES = st.builds(
    lambda order, mark, year, month, day: mark.join({"Y": year, "M": month, "D": day}[one] for one in order),
    st.sampled_from(["YMD", "MDY", "DMY"]),
    st.sampled_from(["-", "/", ".", ""]),
    st.integers(1895, 2205).map(str),
    st.integers(0, 13).map(str) | st.integers(0, 13).map("{:02}".format),
    st.integers(0, 32).map(str) | st.integers(0, 32).map("{:02}".format),
)


@given(value=NEAR_DATES)
@example(value="2024-02-29")
@example(value="2023-02-29")
@example(value="29.02.1900")
def test_a_date_is_one_if_the_calendar_has_it(given_values: Session, value: str) -> None:
    for written in USUAL:
        assert of(given_values, Day(written), value) == by_hand(written, value), str(written)


@given(at=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 -- with a zone beside it
def test_an_instant_is_what_iso_says(given_values: Session, at: datetime) -> None:
    given_values.execute(text("SET LOCAL timezone = 'UTC'"))
    for value in (at.isoformat(), at.isoformat(sep=" "), at.isoformat().replace("+00:00", "Z")):
        assert of(given_values, Instant(), value) == at


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("2026-01-31", datetime(2026, 2, 1, 4, 59, 59, tzinfo=UTC)),
        ("2026-01-31T10:00:00", datetime(2026, 1, 31, 15, tzinfo=UTC)),
        ("2026-01-31T10:00:00+01", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T10:00:00-0530", datetime(2026, 1, 31, 15, 30, tzinfo=UTC)),
        ("2026-01-31T24:00:00", None),
        ("2026-01-31T10:00", None),
        ("2026-01-31T10:00:00.", None),
        ("2026-01-31T10:00:00+25:00", None),
        ("2026-02-30T10:00:00Z", None),
    ],
)
def test_without_an_offset_it_is_the_tenants_time(
    given_values: Session, value: str, meant: datetime | None
) -> None:
    given_values.execute(text("SET LOCAL timezone = 'America/New_York'"))

    assert of(given_values, Instant(), value) == meant


@given(value=st.text("-+0123456789. ", max_size=8))
def test_a_number_is_one_in_digits_alone(given_values: Session, value: str) -> None:
    whole = int(value) if re.fullmatch("-?[0-9]{1,9}", value) and not value.startswith("--") else None
    assert of(given_values, WholeNumber(-5, 500), value) == (
        whole if whole is not None and -5 <= whole <= 500 else None
    )
    number = Number(value) if re.fullmatch(r"-?[0-9]{1,9}([.][0-9]{0,2}0*)?", value) else None
    assert of(given_values, Decimal(0, 100, 8, 2), value) == (
        number if number is not None and 0 <= number <= 100 else None
    )


@pytest.mark.parametrize(
    ("form", "value", "meant"),
    [
        (grade_level(), "K", 0),
        (grade_level(), "09", 9),
        (grade_level(), "13", None),
        (Flag(), "Yes", True),
        (Flag(), "0", False),
        (Flag(), "maybe", None),
        (Several(), "en; es ;fr", ["en", "es", "fr"]),
        (Several(), "en;;fr", None),
        (Several(), "", None),
        (Line(5), "sechs!", None),
        (Line(5), "a\tb", None),
        (Word(("present", "absent"), {"A": "absent"}), "ABSENT", "absent"),
        (Word(("present", "absent"), {"present": "absent"}), "present", "absent"),
        (Clock(), "7:05", "07:05:00"),
        (Clock(), "24:00", None),
    ],
)
def test_words_mean_what_they_are_said_to(
    given_values: Session, form: Value, value: str, meant: object
) -> None:
    got = of(given_values, form, value)

    assert (str(got) if isinstance(form, Clock) and got else got) == meant


def test_no_value_stays_none(db: Session) -> None:
    nothing = literal(None, Text)
    for form in FORMS:
        assert db.scalar(select(form.typed(nothing))) is None
