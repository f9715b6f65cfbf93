"""Attendance by exception: how far a school has sent its marks, told beside the file."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, bindparam, exists, select, text

from rollbook.attendance.models import AttendanceSubmission
from rollbook.core.errors import Invalid
from rollbook.core.schema import Json
from rollbook.exchange.csv_files.errors import SchoolUnknown, near
from rollbook.intake.format import Run
from rollbook.intake.kinds import Part
from rollbook.intake.target import Target, table_of
from rollbook.roster.models import School, StudentSchoolEnrollment

INCOMING: Final = "incoming_attendance_submissions"
_MAKE: Final = text(
    f"CREATE TEMP TABLE {INCOMING} (school_id uuid, is_by_exception boolean, submitted_through date)"
    " ON COMMIT DROP"
)
_FILL: Final = text(
    f"INSERT INTO {INCOMING} SELECT school_id, :is_by_exception, :through FROM schools"  # noqa: S608 -- ours
    " WHERE school_code = :school"
).bindparams(bindparam("through"))


class SubmittedInFuture(Invalid):
    """--submitted-through {through} has not come yet: name the last day whose attendance is complete."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is said of ``school``'s attendance: complete ``through`` a day, and whether it is by exception."""

    school: str
    is_by_exception: bool = False
    through: date | None = None

    @property
    def options(self) -> Json:
        """Return what a receipt keeps."""
        through = self.through.isoformat() if self.through else None
        return {"school": self.school, "is_by_exception": self.is_by_exception, "through": through}

    def check(self, run: Run) -> None:
        """Make the typed row.

        Raises: ``SchoolUnknown``; ``SubmittedInFuture``.
        """
        codes = run.db.scalars(select(School.school_code)).all()
        if self.school not in codes:
            raise SchoolUnknown(school=self.school, near=near(self.school, codes))
        if self.through and self.through > run.db.scalar(text("SELECT current_date")):
            raise SubmittedInFuture(through=self.through)
        run.db.execute(_MAKE)
        if self.through:
            facts = {"school": self.school, "is_by_exception": self.is_by_exception, "through": self.through}
            run.db.execute(_FILL, facts)

    def target(self, file: str) -> Target:
        """Name the table."""
        return Target(
            table=table_of(AttendanceSubmission),
            incoming=INCOMING,
            file=file,
            key=("school_id",),
            compared=("is_by_exception", "submitted_through"),
            is_unique=True,
        )

    def scope(self, part: Part) -> ColumnElement[bool]:
        """Say of a row of ``part`` that it is about a student who was enrolled in the school on its day."""
        enrolled, schools, ours = (
            table_of(StudentSchoolEnrollment),
            table_of(School),
            part.table.c,
        )
        return exists(
            select(enrolled.c.student_id)
            .join(
                schools,
                (schools.c.tenant_id == enrolled.c.tenant_id) & (schools.c.school_id == enrolled.c.school_id),
            )
            .where(
                enrolled.c.tenant_id == ours.tenant_id,
                enrolled.c.student_id == ours.student_id,
                schools.c.school_code == self.school,
                ours.date >= enrolled.c.entry_on,
                enrolled.c.exit_on.is_(None) | (ours.date < enrolled.c.exit_on),
            )
        )
