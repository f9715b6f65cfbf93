"""A tenant that no bundle made: what OneRoster asks for is made, always the same, and comes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.oneroster.bundles import District, Drop, read
from exchange.oneroster.test_round_trip import assert_round_trip
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import SectionRole
from rollbook.grades.models import Assignment, AssignmentType, GradeScale
from rollbook.roster.models_families import Guardian, StudentGuardian
from rollbook.testing import factories as make
from rollbook.testing.rows import add

Another = Callable[[], District]


@contextmanager
def hand_made(district: District) -> Iterator[Session]:
    """Write in the tenant by hand, and commit."""
    with Session(engine_for(district.url, statement_timeout_s=0)) as db, db.begin():
        tenant = ensure_tenant(db, district.slug, name='O\'Neill, "Oak" & Söhne')
        look_through(db, Visibility(tenant.tenant_id))
        yield db


def awkward(db: Session) -> None:
    """Write what a CSV file could trip over: quotes, commas, other letters, leading zeros, nothing at all."""
    oak = make.create_school(db, code="007", name='Oak, "the" School')
    teacher = make.create_staff(db, name="Zoë Ö-Hara", school=oak)
    helper = make.create_staff(db, name="= SUM(A1)", school=oak)
    section = make.create_section(db, school=oak, teacher=teacher, code="0,1")
    make.assign_to_section(db, helper, section, role=SectionRole.AIDE, begins_on=date(2025, 9, 15))
    adrift = make.create_section(db, code='"', starts_on=date(2025, 1, 6), ends_on=date(2025, 6, 1))
    ada = make.create_student(
        db, name="Ada Łącka-Byron", number="000123", school=oak, email="+1@x", phone="-5"
    )
    ben = make.create_student(
        db, name="Ben @cmd", number="A,B", preferred_name="B\nb", gender="F", school=oak
    )
    cyd = make.create_student(
        db, number="0", race_ethnicity=["white", "asian"], is_directory_opt_out=True, email="c@x"
    )
    cyd.first_name = cyd.last_name = None
    for student in (ada, ben):
        make.enroll_in_course(db, student, section)
        make.record_grades(db, student, section, 88.25, None, 120)
    make.enroll_in_course(db, cyd, adrift)
    untitled = Assignment(
        section_id=adrift.section_id, assignment_code="1", assignment_type=AssignmentType.OTHER
    )
    add(db, untitled)
    anne = Guardian(guardian_number="G,1", first_name="Anne", last_name="Byron", email="a@x")
    add(db, anne)
    add(db, StudentGuardian(student_id=ada.student_id, guardian_id=anne.guardian_id, relation="mother"))
    add(db, GradeScale(scale_code="letters", title="Letters"))
    make.create_student(db, name="Dee Nobody", number="nobody")
    make.create_staff(db, name="Eve Everywhere")
    db.flush()


def test_awkward_values_come_back(another: Another, tmp_path: Path) -> None:
    first = another()
    with hand_made(first) as db:
        awkward(db)

    path = assert_round_trip(first, another(), tmp_path)

    told = read(path)
    assert {user["familyName"] for user in told["users"]} >= {"Łącka-Byron", "@cmd", "SUM(A1)", "0"}
    assert {
        org["type"]: org["name"] for org in told["orgs"] if org["sourcedId"] in ("district", "school")
    } == {
        "district": 'O\'Neill, "Oak" & Söhne',
        "school": 'O\'Neill, "Oak" & Söhne',
    }
    assert {row["sourcedId"] for row in told["academicSessions"]} == {
        "session-2025-09-01-2025-12-19",
        "session-2025-01-06-2025-06-01",
    }
    assert {row["title"] for row in told["categories"]} >= {"other"}


def test_codes_of_work_come_back_and_an_export_into_its_own_tenant_makes_nothing_twice(
    another: Another, tmp_path: Path
) -> None:
    first, second = another(), another()
    with hand_made(first) as db:
        for section in (make.create_section(db), make.create_section(db)):
            for code in ("HW 1", "HW/2, the long one"):
                make.create_assignment(db, section, code=code)
    codes = "SELECT assignment_code FROM assignments ORDER BY assignment_code"
    first.export(tmp_path / "out.zip")
    second.bring(tmp_path / "out.zip")
    first.bring(tmp_path / "out.zip")

    for district in (first, second):
        with hand_made(district) as db:
            assert list(db.scalars(text(codes))) == ["HW 1"] * 2 + ["HW/2, the long one"] * 2


def test_directory_information_is_held_back_and_told(district: District, tmp_path: Path) -> None:
    with hand_made(district) as db:
        awkward(db)

    exported = district.export(tmp_path / "out.zip")

    users = {user.get("identifier"): user for user in read(tmp_path / "out.zip")["users"]}
    assert "email" not in users["0"]
    assert users["000123"]["email"] == "+1@x"
    assert list(exported.left_out) == [
        "how to reach students whose families forbid handing that out: 1",
        "grade scales of no course (OneRoster's belong to a course and a class): 1",
    ]


def test_more_results_than_fit_a_block(another: Another, tmp_path: Path) -> None:
    first = another()
    with hand_made(first) as db:
        section = make.create_section(db, school=make.create_school(db), ends_on=date(2026, 6, 1))
        students = [make.create_student(db, name=f"S {number}", number=f"N{number}") for number in range(60)]
        work = [make.create_assignment(db, section) for _ in range(30)]
        for student in students:
            make.enroll_in_course(db, student, section)
            for item in work:
                make.record_grade(db, student, item, 50, submitted_on=None)

    exported = first.export(tmp_path / "out.zip")

    assert {one.file: one.rows for one in exported.files}["results.csv"] == 1800


def test_what_is_corrected_by_hand_goes_out(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)
    with hand_made(district) as db:
        db.execute(
            text("UPDATE students SET last_name = 'King', known_at = now() WHERE student_number = '1004'")
        )

    district.export(tmp_path / "out.zip", since=datetime(2026, 1, 1, tzinfo=UTC))

    (dee,) = [user for user in read(tmp_path / "out.zip")["users"] if user.get("identifier") == "1004"]
    assert dee["familyName"] == "King"
