"""The district is uneven as real ones are: rates within their bands, a model that is good, not perfect."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rollbook.demo.district import draw_district
from rollbook.demo.facts import District
from rollbook.demo.service import SEED

Array = npt.NDArray[Any]
Term = tuple[np.datetime64, np.datetime64]

SEEDS: Final = (SEED, 1, 2)
FIRST_TERM: Final = (np.datetime64("2025-08-18"), np.datetime64("2025-12-31"))
SECOND_TERM: Final = (np.datetime64("2026-01-06"), np.datetime64("2026-06-30"))
EIGHT_WEEKS: Final = 56


@dataclass
class Facts:
    """A district's facts by student, who is a place in ``students``."""

    district: District

    def __post_init__(self) -> None:
        self.students = self.district.tables["students"]["student_id"]
        self.count = len(self.students)

    def by_student(self, table: str, chosen: Array, weights: Array | None = None) -> Array:
        """Count, or add ``weights``, of the ``chosen`` rows of ``table`` by student."""
        place = {student: n for n, student in enumerate(self.students)}
        who = np.array([place[student] for student in self.district.tables[table]["student_id"][chosen]], int)
        total: Array = np.bincount(who, None if weights is None else weights[chosen], minlength=self.count)
        return total

    def features(self, term: Term) -> Array:
        """Absence, marks and incidents by the eighth week of ``term``."""
        since, until = term[0], term[0] + EIGHT_WEEKS
        marks, grades = self.district.tables["attendance_records"], self.district.tables["grades"]
        days = (marks["date"] >= since) & (marks["date"] < until)
        absent = np.isin(marks["status"], ["absent", "excused"])
        assignments = self.district.tables["assignments"]
        most = dict(zip(assignments["assignment_id"], assignments["max_value"], strict=True))
        percent = grades["grade_value"] / np.array([most[a] for a in grades["assignment_id"]], float)
        known = (grades["known_at"] >= since) & (grades["known_at"] < until)
        incidents = self.district.tables["discipline_incidents"]["incident_on"] < until
        marked = self.by_student("attendance_records", days).clip(1)
        graded = self.by_student("grades", known).clip(1)
        columns = (
            self.by_student("attendance_records", days, absent) / marked,
            self.by_student("grades", known, percent) / graded,
            self.by_student("grades", known & (percent == 0)),
            self.by_student("incident_participants", incidents),
        )
        return np.stack(columns, axis=1)

    def fails(self, term: Term) -> tuple[Array, Array]:
        """Who fails or gives up a course after the eighth week, and who is there to do so."""
        outcomes = self.district.tables["course_outcomes"]
        later = (outcomes["known_at"] >= term[0] + EIGHT_WEEKS) & (outcomes["known_at"] < term[1])
        bad = np.isin(outcomes["result"], ["fail", "withdrawn"])
        return self.by_student("course_outcomes", later & bad) > 0, self.by_student(
            "course_outcomes", later
        ) > 0


@pytest.fixture(scope="module", params=SEEDS)
def facts(request: pytest.FixtureRequest) -> Facts:
    return Facts(draw_district(600, request.param))


def test_chronic_absence_is_as_common_as_in_real_districts(facts: Facts) -> None:
    marks = facts.district.tables["attendance_records"]
    absent = np.isin(marks["status"], ["absent", "excused"])
    everything = np.ones(len(absent), dtype=bool)
    rate = facts.by_student("attendance_records", absent) / facts.by_student(
        "attendance_records", everything
    ).clip(1)

    assert 0.13 < (rate >= 0.1).mean() < 0.27, "10 % of days away"
    assert 0.04 < rate.mean() < 0.09


@pytest.mark.parametrize("term", [FIRST_TERM, SECOND_TERM])
def test_every_sixth_student_fails_a_course(facts: Facts, term: Term) -> None:
    failed, there = facts.fails(term)

    assert 0.11 < failed[there].mean() < 0.22


def test_few_students_have_most_incidents(facts: Facts) -> None:
    counts = facts.by_student(
        "incident_participants",
        np.ones(len(facts.district.tables["incident_participants"]["incident_id"]), bool),
    )
    most = np.sort(counts)[::-1][: facts.count // 10]

    assert 0.15 < (counts > 0).mean() < 0.4
    assert most.sum() > 0.5 * counts.sum(), "a tenth of the students has more than half"


def test_one_trouble_goes_with_another(facts: Facts) -> None:
    absence, mark, missing, _incidents = facts.features(FIRST_TERM).T

    assert -0.7 < np.corrcoef(absence, mark)[0, 1] < -0.15
    assert 0.15 < np.corrcoef(absence, missing)[0, 1] < 0.75


def test_the_first_term_foretells_the_second_well_but_not_surely(facts: Facts) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression())
    failed, there = facts.fails(FIRST_TERM)
    model.fit(facts.features(FIRST_TERM)[there], failed[there])
    failed, there = facts.fails(SECOND_TERM)
    score = model.predict_proba(facts.features(SECOND_TERM)[there])[:, 1]

    assert 0.76 < roc_auc_score(failed[there], score) < 0.92


def test_the_same_seed_draws_the_same_district() -> None:
    first, again, other = draw_district(200, 5), draw_district(200, 5), draw_district(200, 6)

    for table, columns in first.tables.items():
        for name, values in columns.items():
            assert list(map(str, values)) == list(map(str, again.tables[table][name])), (table, name)
    assert list(first.tables["students"]["student_id"]) != list(other.tables["students"]["student_id"])
