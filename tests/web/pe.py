"""What the cast did in PE: a fitness test of a class, and a student who ran twice."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from rollbook.activity import fitness, performances
from rollbook.activity.fitness import Zone
from rollbook.activity.models import Activity, Sex
from rollbook.core.tenancy import Tenant
from rollbook.roster.models import Student
from rollbook.testing.rows import add

DAY: Final = date(2025, 10, 15)
TESTED: Final = 12


def keep_pe(db: Session, tenant: Tenant, students: Sequence[Student], runner: Student) -> None:
    """Test the first of the ninth grade and ``runner``, who is in another and runs twice."""
    fitness.define_test(db, tenant, "pacer", name="PACER", unit="laps")
    fitness.set_zones(db, tenant, "pacer", [Zone(Sex.FEMALE, 14, 30, None)])
    ninth = [student for student in students if student.grade_level == 9][:TESTED]
    for student in [*ninth, runner]:
        student.birth_date, student.gender = date(2011, 1, 1), "F"
    db.flush()
    results = {student.student_id: 40 - 2 * place for place, student in enumerate(ninth)}
    fitness.record_results(db, tenant, "pacer", DAY, results | {runner.student_id: 20})
    add(db, Activity(activity_code="RUN", name="Mile run", activity_type="cardio"))
    runs = [
        performances.Given(runner.student_id, day, score)
        for day, score in ((DAY, 50), (date(2025, 11, 1), 60))
    ]
    performances.record_performances(db, tenant, "RUN", runs)
