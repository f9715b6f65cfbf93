"""Fitness tests, their healthy zones and results as files bring them."""

from typing import Final

from sqlalchemy import or_

from rollbook.activity.models import FitnessResult, FitnessTest, FitnessZone
from rollbook.intake.kinds import Field, Kind, Lookup, Part, Rule, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, not_ahead, same_names

TEST_CODE: Final = Field("test_code", Line(), "pacer_laps", is_required=True, is_code=True)
TEST: Final = Lookup("fitness_test_id", table_of(FitnessTest), {"test_code": "test_code"})
_VALUES: Final = (-100_000, 1_000_000)
_TEST: Final = {"name": "PACER", "unit": "laps", "component": "aerobic capacity"}
FITNESS_TESTS: Final = Kind(
    "fitness-tests",
    "Fitness tests that are given, one line each.",
    fields=(TEST_CODE, *fields_of(FitnessTest, _TEST)),
    parts=(Part(table=table_of(FitnessTest), columns=same_names("test_code", *_TEST), key=("test_code",)),),
)
_ZONE: Final = {"sex": "female", "age_years": "14", "low_value": "30", "high_value": ""}
FITNESS_ZONES: Final = Kind(
    "fitness-zones",
    "Results that count as healthy, one line for each test, sex and age.",
    fields=(
        TEST_CODE,
        *fields_of(
            FitnessZone,
            _ZONE,
            within={"age_years": (3, 25), "low_value": _VALUES, "high_value": _VALUES},
        ),
    ),
    lookups=(TEST,),
    parts=(
        Part(
            table=table_of(FitnessZone),
            columns=same_names("fitness_test_id", *_ZONE),
            key=("fitness_test_id", "sex", "age_years"),
            scope=("fitness_test_id",),
            leaving=Delete(),
        ),
    ),
    rules=(
        Rule(
            ("low_value", "high_value"),
            "is no zone",
            lambda get: or_(
                get("low_value") <= get("high_value"),
                get("low_value").is_not(None) != get("high_value").is_not(None),
            ),
        ),
    ),
)
FITNESS_RESULTS: Final = Kind(
    "fitness-results",
    "Students' results in fitness tests, one line each.",
    fields=(
        STUDENT_NUMBER,
        TEST_CODE,
        *fields_of(
            FitnessResult,
            {"tested_on": "2025-10-01", "result_value": "35"},
            within={"result_value": _VALUES},
        ),
    ),
    lookups=(STUDENT, TEST),
    parts=(
        Part(
            table=table_of(FitnessResult),
            columns=same_names("student_id", "fitness_test_id", "tested_on", "result_value"),
            key=("student_id", "fitness_test_id", "tested_on"),
            scope=("fitness_test_id", "tested_on"),
            leaving=Delete(),
        ),
    ),
    rules=(not_ahead("tested_on"),),
)
KINDS: Final = (FITNESS_TESTS, FITNESS_ZONES, FITNESS_RESULTS)
