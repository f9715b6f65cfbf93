"""Tables of attendance."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import StudentOwned, known_at, references, text_enum, versioned


class AttendanceStatus(StrEnum):
    """The mark for a day or a period."""

    PRESENT = "present"
    ABSENT = "absent"
    TARDY = "tardy"
    EXCUSED = "excused"


@versioned
class AttendanceRecord(StudentOwned):
    """A student's mark. Grain: one row per (tenant, student, date, period)."""

    __tablename__ = "attendance_records"
    __table_args__ = (
        references("students", "student_id"),
        CheckConstraint("period BETWEEN 0 AND 20", name="period_range"),
        CheckConstraint("minutes_late BETWEEN 0 AND 600", name="minutes_late_range"),
        CheckConstraint("status = 'tardy' OR minutes_late = 0", name="late_only_if_tardy"),
        Index(None, "tenant_id", "date"),
        {"postgresql_partition_by": "RANGE (date)"},
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    period: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, server_default=text("0"), autoincrement=False, comment="0 = whole day"
    )
    status: Mapped[AttendanceStatus] = mapped_column(text_enum(AttendanceStatus))
    minutes_late: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    reason: Mapped[str | None]
    known_at: Mapped[dt.datetime] = known_at()
