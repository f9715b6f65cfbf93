"""The cast of the tests of daily work: two schools, everybody who works there, and students on demand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.activity.models import Activity, FitnessTest, Routine
from rollbook.attendance.recording import submit_through
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.curriculum.models import Section
from rollbook.roster.models import School, Staff, StaffRole, Student
from rollbook.roster.models_calendar import SchoolCalendarDay
from rollbook.testing import factories as make
from rollbook.testing.rows import add, add_all

PASSWORD = "correct horse battery"
TODAY = date.today()  # noqa: DTZ011 -- as the tenant, in UTC
HOLIDAY = TODAY - timedelta(days=3)
BEGAN = TODAY - timedelta(days=60)
# email before the @: role, and what ties them to whom
PEOPLE = {
    "teacher": (Role.TEACHER, "Tara Teach"),
    "colleague": (Role.TEACHER, "Cole League"),
    "counselor": (Role.COUNSELOR, "Cora Lane"),
    "caseload": (Role.COUNSELOR, "Casey Load"),
    "principal": (Role.PRINCIPAL, "Paul Prince"),
    "elsewhere": (Role.PRINCIPAL, "Ella Where"),
    "registrar": (Role.REGISTRAR, "Rita Rolls"),
    "admin": (Role.DISTRICT_ADMIN, "Dora Admin"),
    "nobody": (Role.TEACHER, "Nora Nobody"),
}


@dataclass(frozen=True)
class World:
    """What tests need to know of the cast."""

    url: str
    owner_url: str
    tenant: Tenant
    oak: School
    elm: School
    algebra: Section
    english: Section
    caseload: Staff

    @contextmanager
    def open(self) -> Iterator[Session]:
        """See and write everything, for good."""
        engine = engine_for(self.url)
        with transaction(engine, Visibility(self.tenant.tenant_id)) as db:
            yield db
        engine.dispose()

    def student(self, name: str = "Ada Byron", *, enrolled: bool = True) -> Student:
        """Add a student of Algebra at Oak, on Casey's caseload; one not ``enrolled`` left ten days ago."""
        with self.open() as db:
            student = make.create_student(db, name=name, grade_level=9, since=BEGAN)
            stay = make.enroll_in_school(db, student, self.oak, counselor=self.caseload, since=BEGAN)
            make.enroll_in_course(db, student, self.algebra, enrolled_on=BEGAN)
            if not enrolled:
                stay.exit_on = TODAY - timedelta(days=10)
            db.flush()
            db.expunge_all()
        return student

    @property
    def algebra_path(self) -> str:
        """The page of the section."""
        return f"/sections/{self.algebra.section_id}"


def build(url: str, owner_url: str) -> World:
    """Write the cast, for good."""
    engine = engine_for(url)
    with Session(engine, expire_on_commit=False) as db, db.begin():
        tenant = ensure_tenant(db, "oak-valley", name="Oak Valley Schools", is_synthetic=True)
        look_through(db, Visibility(tenant.tenant_id))
        oak = make.create_school(db, code="OAK", name="Oak High School")
        elm = make.create_school(db, code="ELM", name="Elm Middle School", grades=(6, 8))
        staff = {who: _person(db, tenant, who) for who in PEOPLE}
        for who, school, role in (
            ("counselor", oak, StaffRole.COUNSELOR),
            ("caseload", oak, StaffRole.COUNSELOR),
            ("principal", oak, StaffRole.PRINCIPAL),
            ("elsewhere", elm, StaffRole.PRINCIPAL),
            ("registrar", oak, StaffRole.SITE_ADMINISTRATOR),
        ):
            make.assign_to_school(db, staff[who], school, role)
        ends = TODAY + timedelta(days=60)
        algebra = make.create_section(
            db,
            course=make.create_course(db, code="ALG1", title="Algebra I"),
            school=oak,
            teacher=staff["teacher"],
            starts_on=BEGAN,
            ends_on=ends,
        )
        english = make.create_section(
            db,
            course=make.create_course(db, code="ENG9", title="English 9"),
            school=oak,
            teacher=staff["colleague"],
            starts_on=BEGAN,
            ends_on=ends,
        )
        _keep_calendar(db, oak)
        submit_through(
            db, tenant.tenant_id, oak.school_id, is_by_exception=True, through=TODAY - timedelta(days=2)
        )
        add(db, Activity(activity_code="RUN", name="Mile run", activity_type="running", max_score=100))
        add(db, FitnessTest(test_code="pacer", name="PACER", unit="laps"))
        add(db, Routine(routine_code="WARM", name="Warm-up"))
        return World(url, owner_url, tenant, oak, elm, algebra, english, staff["caseload"])


def _person(db: Session, tenant: Tenant, who: str) -> Staff:
    role, name = PEOPLE[who]
    user = add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"{who}@oak.example",
        full_name=name,
        role=role,
        password=PASSWORD,
    )
    return make.create_staff(db, name=name, user_id=user.user_id)


def _keep_calendar(db: Session, school: School) -> None:
    days = [TODAY - timedelta(days=60 - n) for n in range(120)]
    add_all(
        db,
        [
            SchoolCalendarDay(school_id=school.school_id, date=day, is_instructional=day != HOLIDAY)
            for day in days
        ],
    )


def log_of(world: World, action: str, student_id: UUID | None = None) -> int:
    """Count the log's entries of an action."""
    with world.open() as db:
        rows = db.connection().exec_driver_sql(
            "SELECT count(*) FROM activity_logs WHERE action = %s AND student_id IS NOT DISTINCT FROM %s",
            (action, student_id),
        )
        return int(rows.scalar_one())
