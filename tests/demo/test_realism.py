"""The district is uneven as real ones are: rates within their bands, a model that is good, not perfect."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rollbook.demo.activities import PERFORMANCES
from rollbook.demo.district import draw_district, world_of
from rollbook.demo.events import EVENTS
from rollbook.demo.facts import Words
from rollbook.demo.faculty import Faculty
from rollbook.demo.phases import PHASES, Phase
from rollbook.demo.plan import MOVERS, STUDENTS, Area
from rollbook.demo.service import SEED
from rollbook.demo.world import AreaInYear, World

Array = npt.NDArray[Any]
Term = tuple[np.datetime64, np.datetime64]

SEEDS: Final = (SEED, 1, 2)
FIRST_TERM: Final = (np.datetime64("2025-08-18"), np.datetime64("2025-12-31"))
SECOND_TERM: Final = (np.datetime64("2026-01-06"), np.datetime64("2026-06-30"))
EIGHT_WEEKS: Final = 56


Table = dict[str, Array]


def tables_of(students: int, seed: int, years: int = 1) -> dict[str, Table]:
    """Draw a district: each table's rows as first known."""
    parts: dict[str, dict[str, list[Array]]] = {}
    for batch in draw_district(world_of(students, seed, years=years)):
        columns = parts.setdefault(batch.table, {})
        for name, values in batch.rows.items():
            columns.setdefault(name, []).append(values.texts() if isinstance(values, Words) else values)
    return {
        table: {name: np.concatenate(values) for name, values in columns.items()}
        for table, columns in parts.items()
    }


@dataclass
class Facts:
    """A district's facts by student, who is a place in ``students``."""

    tables: dict[str, Table]

    def __post_init__(self) -> None:
        self.students = self.tables["students"]["student_id"]
        self.count = len(self.students)

    def by_student(self, table: str, chosen: Array, weights: Array | None = None) -> Array:
        """Count, or add ``weights``, of the ``chosen`` rows of ``table`` by student."""
        place = {student: n for n, student in enumerate(self.students.tolist())}
        who = np.array([place[student] for student in self.tables[table]["student_id"][chosen].tolist()], int)
        total: Array = np.bincount(who, None if weights is None else weights[chosen], minlength=self.count)
        return total

    def features(self, term: Term) -> Array:
        """Absence, marks and incidents by the eighth week of ``term``."""
        since, until = term[0], term[0] + EIGHT_WEEKS
        marks, grades = self.tables["attendance_records"], self.tables["grades"]
        days = (marks["date"] >= since) & (marks["date"] < until)
        absent = np.isin(marks["status"], ["absent", "excused"])
        assignments = self.tables["assignments"]
        most = dict(
            zip(assignments["assignment_id"].tolist(), assignments["max_value"].tolist(), strict=True)
        )
        points = np.array([most[a] for a in grades["assignment_id"].tolist()], float)
        percent = np.nan_to_num(grades["grade_value"]) / points
        known = (grades["known_at"] >= since) & (grades["known_at"] < until)
        who_did_it, incident_on = self.incidents()
        incidents = who_did_it & (incident_on < until)
        marked = self.by_student("attendance_records", days).clip(1)
        graded = self.by_student("grades", known).clip(1)
        columns = (
            self.by_student("attendance_records", days, absent) / marked,
            self.by_student("grades", known, percent) / graded,
            self.by_student("grades", known & (percent == 0)),
            self.by_student("incident_participants", incidents),
        )
        return np.stack(columns, axis=1)

    def incidents(self) -> tuple[Array, Array]:
        """Say of each participant whether they did it, and on what day."""
        incidents, participants = self.tables["discipline_incidents"], self.tables["incident_participants"]
        days = dict(zip(incidents["incident_id"].tolist(), incidents["incident_on"].tolist(), strict=True))
        on = np.array([days[i] for i in participants["incident_id"].tolist()], dtype="datetime64[D]")
        return participants["participant_role"] == "perpetrator", on

    def fails(self, term: Term) -> tuple[Array, Array]:
        """Who fails or gives up a course after the eighth week, and who is there to do so."""
        outcomes = self.tables["course_outcomes"]
        later = (outcomes["known_at"] >= term[0] + EIGHT_WEEKS) & (outcomes["known_at"] < term[1])
        bad = np.isin(outcomes["result"], ["fail", "withdrawn"])
        return self.by_student("course_outcomes", later & bad) > 0, self.by_student(
            "course_outcomes", later
        ) > 0


@pytest.fixture(scope="module", params=SEEDS)
def facts(request: pytest.FixtureRequest) -> Facts:
    return Facts(tables_of(600, request.param))


def test_chronic_absence_is_as_common_as_in_real_districts(facts: Facts) -> None:
    marks = facts.tables["attendance_records"]
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
    counts = facts.by_student("incident_participants", facts.incidents()[0])
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


def test_the_usual_district_is_the_one_that_was_asked_for() -> None:
    tables = tables_of(STUDENTS, SEED)
    enrollments, schools = tables["student_school_enrollments"], tables["schools"]
    names = dict(zip(schools["school_id"].tolist(), schools["school_type"].tolist(), strict=True))
    by_school = Counter(enrollments["school_id"].tolist())
    sizes = sorted((names[school], count) for school, count in by_school.items())

    assert len(tables["students"]["student_id"]) == 3_714
    assert len(enrollments["student_id"]) == 3_770
    assert sizes == [("elementary", 387)] * 4 + [("high", 1_422), ("middle", 800)]
    twice = [count for count in Counter(enrollments["student_id"].tolist()).values() if count > 1]
    assert twice == [2] * 56 == [2] * MOVERS
    assert len(tables["student_activity_performances"]["performance_id"]) == 41_104 == PERFORMANCES
    assert len(tables["analytics_events"]["student_id"]) == 4_960 == EVENTS


def test_students_grow_leave_and_come_over_the_years() -> None:
    tables = tables_of(400, 3, years=3)
    enrollments = tables["student_school_enrollments"]
    by_year = {
        year: dict(
            zip(
                enrollments["student_id"][enrollments["school_year"] == year].tolist(),
                enrollments["grade_level"][enrollments["school_year"] == year].tolist(),
                strict=True,
            )
        )
        for year in (2024, 2025, 2026)
    }
    stayed = by_year[2024].keys() & by_year[2025].keys()
    steps = Counter(by_year[2025][student] - by_year[2024][student] for student in stayed)

    assert [len(students) for students in by_year.values()] == [400] * 3
    assert set(steps) <= {0, 1}
    assert steps[1] > 0.95 * len(stayed), "nearly all are a grade up"
    assert 0.7 < len(stayed) / 400 < 0.92, "a thirteenth graduates, some leave"
    assert len(tables["students"]["student_id"]) == len(set().union(*by_year.values()))


def test_the_same_seed_draws_the_same_district() -> None:
    first, again, other = tables_of(200, 5), tables_of(200, 5), tables_of(200, 6)

    for table, columns in first.items():
        for name, values in columns.items():
            assert list(map(str, values)) == list(map(str, again[table][name])), (table, name)
    assert first["students"]["student_id"].tolist() != other["students"]["student_id"].tolist()


def test_what_is_left_out_changes_nothing_else() -> None:
    world = world_of(100, 5)
    without = [phase for phase in PHASES if phase.number not in (3, 6, 9)]
    whole, part = drawn(world, PHASES), drawn(world, without)

    assert set(part) == set(whole) - {
        "guardians",
        "student_guardians",
        "attendance_records",
        "attendance_submissions",
        "discipline_incidents",
        "incident_participants",
        "discipline_actions",
    }
    assert part == {table: digest for table, digest in whole.items() if table in part}


def test_areas_are_drawn_the_same_in_any_order() -> None:
    world = world_of(2 * STUDENTS, 5)
    first, second = world.areas

    def grades_of(area: Area) -> list[int]:
        here = AreaInYear(world, area, Faculty(area.number), world.years[0], None)
        values: list[int] = here.roster.people.ids.tolist()
        return values

    assert grades_of(second) == grades_of(second)
    assert (first.students, second.students) == (STUDENTS, STUDENTS)
    assert not set(grades_of(first)) & set(grades_of(second))


def drawn(world: World, phases: Sequence[Phase]) -> dict[str, str]:
    """Return a digest of each table that is drawn."""
    digests: dict[str, hashlib._Hash] = {}
    for batch in draw_district(world, phases):
        digest = digests.setdefault(batch.table, hashlib.sha256())
        for values in batch.rows.values():
            digest.update(repr(values.texts() if isinstance(values, Words) else values.tolist()).encode())
    return {table: digest.hexdigest() for table, digest in digests.items()}
