"""Tables of attendance."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Integer, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    Base,
    StudentOwned,
    TenantOwned,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


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
    import_id: Mapped[int | None] = import_id()


@versioned
class AttendanceSubmission(TenantOwned):
    """How far a school has sent its attendance, and in what form. Grain: one row per (tenant, school).

    Where only exceptions are sent, an instructional day of an enrolled student without a mark means present,
    up to ``submitted_through`` and not a day further: silence after it says nothing.
    """

    __tablename__ = "attendance_submissions"
    __table_args__ = (references("schools", "school_id"),)

    school_id: Mapped[UUID] = mapped_column(primary_key=True)
    is_by_exception: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="only marks other than present are sent"
    )
    submitted_through: Mapped[dt.date | None] = mapped_column(comment="last day that is complete")
    known_at: Mapped[dt.datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class AttendanceRule(TenantOwned):
    """When a tenant calls absence chronic. Grain: at most one row per tenant; none = the defaults."""

    __tablename__ = "attendance_rules"
    __table_args__ = (
        CheckConstraint("chronic_rate > 0 AND chronic_rate < 1", name="chronic_rate_range"),
        CheckConstraint("minimum_days BETWEEN 1 AND 366", name="minimum_days_range"),
    )

    chronic_rate: Mapped[float] = mapped_column(
        Numeric(4, 3), server_default=text("0.1"), comment="share of enrolled instructional days missed"
    )
    minimum_days: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("10"), comment="enrolled fewer days, nobody is called so"
    )


class AttendanceLoad(TenantOwned):
    """A bulk load at work. Grain: one row per tenant that loads months of marks right now; none is kept.

    Its trigger keeps a transaction from ending in which a load was begun and not finished.
    """

    __tablename__ = "attendance_loads"

    begun_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class AttendanceWeek(StudentOwned):
    """What a student missed in a week, kept to be added up.

    Grain: one row per (tenant, week, student, school).

    It is derived from rollbook_attendance_days, for days within an enrollment. A week that
    attendance_stale_weeks names is not believed. No foreign keys: what it is counted from has them.
    """

    __tablename__ = "attendance_weeks"

    week: Mapped[dt.date] = mapped_column(primary_key=True, comment="its Monday")
    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(primary_key=True)
    grade_level: Mapped[int | None] = mapped_column(SmallInteger)
    days: Mapped[int] = mapped_column(SmallInteger)
    missed: Mapped[Decimal] = mapped_column(Numeric, comment="days")
    unexcused: Mapped[int] = mapped_column(SmallInteger)
    tardy: Mapped[int] = mapped_column(SmallInteger)


class AttendanceWeekSum(TenantOwned):
    """Weeks of all students of a school's grade together. Grain: one row per (tenant, week, school, grade).

    The sums of attendance_weeks, changed with it. Seen by who sees the whole tenant.
    """

    __tablename__ = "attendance_week_sums"

    week: Mapped[dt.date] = mapped_column(primary_key=True, comment="its Monday")
    school_id: Mapped[UUID] = mapped_column(primary_key=True)
    grade_level: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, comment="-1 = none"
    )
    days: Mapped[int]
    missed: Mapped[Decimal] = mapped_column(Numeric, comment="days")


class AttendanceTotal(StudentOwned):
    """What a student missed in the window of attendance_total_windows. Grain: one row per (tenant, student).

    Of whom attendance_stale_weeks names it is not believed.
    """

    __tablename__ = "attendance_totals"

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(comment="where they were last")
    grade_level: Mapped[int | None] = mapped_column(SmallInteger)
    days: Mapped[int]
    missed: Mapped[Decimal] = mapped_column(Numeric, comment="days")
    unexcused: Mapped[int] = mapped_column(comment="days")


class AttendanceTotalWindow(TenantOwned):
    """What attendance_totals add up: both days are included. Grain: one row per tenant; none = no totals."""

    __tablename__ = "attendance_total_windows"

    since: Mapped[dt.date] = mapped_column(comment="first day of the school year")
    through: Mapped[dt.date] = mapped_column(comment="last day on which attendance was known")


class AttendanceStaleWeek(Base):
    """Days of which what is kept is not believed. Grain: one row per change and student whom it touches.

    Triggers of whatever a day's attendance hangs on write it; whoever refreshes takes it away.
    """

    __tablename__ = "attendance_stale_weeks"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    stale_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    since: Mapped[dt.date]
    until: Mapped[dt.date]
    student_id: Mapped[UUID | None] = mapped_column(comment="none = everybody")
