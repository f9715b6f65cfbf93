"""A fitness result's zone: by the tenant's rule for the test, the sex, and the age in years on the day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.activity.fitness import (
    FitnessTestNotFound,
    Zone,
    ZoneTwice,
    define_test,
    fitness_results,
    record_results,
    set_zones,
    zone_shares,
)
from rollbook.activity.models import Sex
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.testing import factories as make

DAY = date(2025, 10, 15)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
LAPS = [Zone(Sex.FEMALE, 12, 23, None), Zone(Sex.FEMALE, 13, 25, None), Zone(Sex.MALE, 12, 32, 90)]


@pytest.fixture
def _laps(db: Session, tenant: Tenant) -> None:
    define_test(db, tenant, "pacer", name="PACER", unit="laps", component="aerobic capacity")
    set_zones(db, tenant, "pacer", LAPS)


def zone_of(db: Session, tenant: Tenant, born: date | None, gender: str | None, result: float) -> str | None:
    student = make.create_student(db, birth_date=born, gender=gender)
    record_results(db, tenant, "pacer", DAY, {student.student_id: result})
    (found,) = fitness_results(db, tenant, *YEAR, student_id=student.student_id)
    return found.zone


@pytest.mark.usefixtures("_laps")
@pytest.mark.parametrize(
    ("born", "gender", "result", "zone"),
    [
        (date(2013, 10, 15), "F", 23, "healthy"),
        (date(2013, 10, 15), "female", 22.999, "below"),
        (date(2012, 10, 16), "Female", 24, "healthy"),  # thirteen tomorrow
        (date(2012, 10, 15), "f", 24, "below"),  # thirteen today
        (date(2013, 1, 1), "M", 91, "above"),
        (date(2013, 1, 1), "male", 90, "healthy"),
        (date(2011, 1, 1), "M", 50, None),  # no rule for boys of fourteen
        (date(2013, 1, 1), "X", 50, None),
        (date(2013, 1, 1), None, 50, None),
        (None, "F", 50, None),
    ],
)
def test_a_zone_follows_from_sex_and_age_on_the_day(  # noqa: PLR0913, PLR0917 -- a case
    db: Session, tenant: Tenant, born: date | None, gender: str | None, result: float, zone: str | None
) -> None:
    assert zone_of(db, tenant, born, gender, result) == zone


def oracle(zones: list[Zone], born: date, gender: str, tested: date, result: Decimal) -> str | None:
    age = tested.year - born.year - ((tested.month, tested.day) < (born.month, born.day))
    sex = {"F": Sex.FEMALE, "M": Sex.MALE}[gender]
    rule = next((zone for zone in zones if (zone.sex, zone.age_years) == (sex, age)), None)
    if rule is None:
        return None
    if rule.low is not None and result < rule.low:
        return "below"
    return "above" if rule.high is not None and result > rule.high else "healthy"


amounts = st.decimals(min_value=0, max_value=100, places=1)
bounds: st.SearchStrategy[tuple[Decimal | None, Decimal | None]] = st.one_of(
    st.tuples(amounts, st.none()),
    st.tuples(st.none(), amounts),
    st.lists(amounts, min_size=2, max_size=2).map(lambda pair: (min(pair), max(pair))),
)
rules = st.dictionaries(st.tuples(st.sampled_from(Sex), st.integers(5, 18)), bounds, max_size=28)
tests_taken = st.tuples(
    st.dates(date(2006, 1, 1), date(2020, 12, 31)),
    st.sampled_from("FM"),
    st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    amounts,
)


@given(rules=rules, taken=st.lists(tests_taken, min_size=1, max_size=8))
def test_sql_agrees_with_reckoning_by_hand(
    db: Session,
    tenant: Tenant,
    rules: dict[tuple[Sex, int], tuple[Decimal | None, Decimal | None]],
    taken: list[tuple[date, str, date, Decimal]],
) -> None:
    zones = [Zone(sex, age, low, high) for (sex, age), (low, high) in rules.items()]
    with db.begin_nested() as scratch:
        define_test(db, tenant, "pacer", name="PACER", unit="laps")
        set_zones(db, tenant, "pacer", zones)
        expected = {}
        for born, gender, tested, result in taken:
            student = make.create_student(db, birth_date=born, gender=gender)
            record_results(db, tenant, "pacer", tested, {student.student_id: result})
            expected[student.student_id] = oracle(zones, born, gender, tested, result)
        found = {row.student_id: row.zone for row in fitness_results(db, tenant, date.min, date.max)}
        scratch.rollback()

    assert found == expected


@pytest.mark.usefixtures("_laps")
class TestShares:
    """How many are in which zone, by school and grade, and small groups hidden."""

    def _class(self, db: Session, tenant: Tenant, grade: int, *results: float) -> None:
        school = make.create_school(db, name="Oak")
        students = [
            make.create_student(db, school=school, grade_level=grade, birth_date=date(2013, 1, 1), gender="F")
            for _ in results
        ]
        each = {student.student_id: result for student, result in zip(students, results, strict=True)}
        record_results(db, tenant, "pacer", DAY, each)

    def test_are_of_the_last_result(self, db: Session, tenant: Tenant) -> None:
        self._class(db, tenant, 7, 10, 30, 40)
        worse = {row.student_id: 1 for row in fitness_results(db, tenant, *YEAR) if row.result_value == 40}
        record_results(db, tenant, "pacer", DAY + timedelta(days=1), worse)

        (share,) = zone_shares(db, tenant, *YEAR, minimum=3)

        assert (share.school, share.grade_level, share.students) == ("Oak", 7, 3)
        assert (share.below, share.healthy, share.above) == (2, 1, 0)
        assert share.healthy_rate == pytest.approx(1 / 3)

    def test_of_fewer_than_the_minimum_are_not_told(self, db: Session, tenant: Tenant) -> None:
        self._class(db, tenant, 7, 10, 30)

        (share,) = zone_shares(db, tenant, *YEAR, minimum=3)

        assert (share.students, share.below, share.healthy, share.above) == (None, None, None, None)
        assert (share.without_rule, share.healthy_rate) == (None, None)

    def test_count_who_has_no_rule_apart(self, db: Session, tenant: Tenant) -> None:
        self._class(db, tenant, 7, 10, 30)
        one = "SELECT min(student_number) FROM students"
        db.execute(text(f"UPDATE students SET gender = 'X' WHERE student_number = ({one})"))

        (share,) = zone_shares(db, tenant, *YEAR, minimum=1)

        assert (share.students, share.without_rule) == (1, 1)


@pytest.mark.usefixtures("_laps")
def test_rules_are_replaced_and_their_versions_kept(db: Session, tenant: Tenant) -> None:
    set_zones(db, tenant, "pacer", [Zone(Sex.FEMALE, 12, 20, None)])
    set_zones(db, tenant, "pacer", [Zone(Sex.FEMALE, 12, 20, None)])

    assert zone_of(db, tenant, date(2013, 1, 1), "F", 21) == "healthy"
    assert db.scalars(text("SELECT low_value FROM fitness_zones_history")).all() == [23]


def test_what_cannot_be_is_refused(db: Session, tenant: Tenant) -> None:
    define_test(db, tenant, "pacer", name="PACER", unit="laps")

    with pytest.raises(ZoneTwice, match="female 12"):
        set_zones(db, tenant, "pacer", LAPS + LAPS[:1])
    with pytest.raises(FitnessTestNotFound, match="plank"):
        record_results(db, tenant, "plank", DAY, {})


@pytest.mark.usefixtures("_laps")
def test_a_correction_keeps_the_result_before(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, birth_date=date(2013, 1, 1), gender="F")
    for result in (30, 30, 20):
        record_results(db, tenant, "pacer", DAY, {student.student_id: result})

    (found,) = fitness_results(db, tenant, *YEAR)
    assert found.zone == "below"
    assert db.scalars(text("SELECT result_value FROM fitness_results_history")).all() == [30]


@pytest.mark.usefixtures("_laps")
def test_only_students_in_sight_are_counted(db: Session, tenant: Tenant) -> None:
    students = [make.create_student(db, birth_date=date(2013, 1, 1), gender="F") for _ in range(2)]
    record_results(db, tenant, "pacer", DAY, {student.student_id: 30 for student in students})

    look_through(db, Visibility(tenant.tenant_id, (students[0].student_id,)))

    assert [row.student_id for row in fitness_results(db, tenant, *YEAR)] == [students[0].student_id]
    assert [share.students for share in zone_shares(db, tenant, *YEAR, minimum=1)] == [1]
