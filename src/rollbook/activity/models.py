"""Tables of activity."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    Json,
    StudentOwned,
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


@versioned
class AnalyticsEvent(StudentOwned):
    """What a student did in a section on a day. Grain: one row per (tenant, student, section, day, type)."""

    __tablename__ = "analytics_events"
    __table_args__ = (
        references("students", "student_id"),
        references("sections", "section_id"),
        CheckConstraint("event_count > 0", name="event_count_positive"),
        Index(None, "tenant_id", "section_id", "event_on"),
        {"postgresql_partition_by": "RANGE (event_on)"},
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_on: Mapped[date] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True, comment="such as clicks")
    event_count: Mapped[int] = mapped_column(comment="how often on that day")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class ActivityLog(TenantOwned):
    """Something that happened in the system. Grain: one row per (tenant, entry); never changed.

    Seen by those who see the whole tenant: an entry may be about anyone.
    """

    __tablename__ = "activity_logs"
    __table_args__ = (
        references("users", "user_id"),
        references("students", "student_id"),
        Index(None, "tenant_id", "logged_at"),
        Index(None, "tenant_id", "student_id", "logged_at"),
        Index(None, "tenant_id", "user_id", "logged_at"),
        {"postgresql_partition_by": "RANGE (logged_at)"},
    )

    logged_at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.now())
    log_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    user_id: Mapped[UUID | None]
    student_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(comment="such as signed_in, report_opened")
    details: Mapped[Json] = mapped_column(server_default=text("'{}'"))


@versioned
class Activity(TenantOwned):
    """Something to do, in PE or elsewhere. Grain: one row per (tenant, activity)."""

    __tablename__ = "activities"
    __table_args__ = (
        UniqueConstraint("tenant_id", "activity_code"),
        CheckConstraint("difficulty_level BETWEEN 1 AND 5", name="difficulty_level_range"),
    )

    activity_id: Mapped[UUID] = entity_id()
    activity_code: Mapped[str]
    name: Mapped[str]
    activity_type: Mapped[str] = mapped_column(comment="such as cardio, strength, team sport, skill drill")
    description: Mapped[str | None]
    difficulty_level: Mapped[int | None] = mapped_column(SmallInteger, comment="1 easy ... 5 hard")
    max_score: Mapped[float] = mapped_column(Numeric(8, 2), server_default=text("100"))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class StudentActivityPerformance(StudentOwned):
    """How a student did in an activity once. Grain: one row per (tenant, performance)."""

    __tablename__ = "student_activity_performances"
    __table_args__ = (
        references("students", "student_id"),
        references("activities", "activity_id"),
        UniqueConstraint("tenant_id", "student_id", "activity_id", "performed_on", "attempt"),
        CheckConstraint("score BETWEEN 0 AND 100000", name="score_range"),
        CheckConstraint("duration_minutes BETWEEN 0 AND 600", name="duration_minutes_range"),
        CheckConstraint("attempt > 0", name="attempt_positive"),
        Index(None, "tenant_id", "activity_id", "performed_on"),
        Index(None, "tenant_id", "performed_on"),
    )

    performance_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    activity_id: Mapped[UUID]
    performed_on: Mapped[date]
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"), comment="on that day")
    score: Mapped[float | None] = mapped_column(Numeric(8, 2), comment="out of the activity's max_score")
    duration_minutes: Mapped[float | None] = mapped_column(Numeric(6, 2))
    notes: Mapped[str | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class PeActivityPreference(StudentOwned):
    """How much a student likes a kind of activity. Grain: one row per (tenant, student, type)."""

    __tablename__ = "pe_activity_preferences"
    __table_args__ = (
        references("students", "student_id"),
        CheckConstraint("preference_level BETWEEN 1 AND 5", name="preference_level_range"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_type: Mapped[str] = mapped_column(primary_key=True)
    preference_level: Mapped[int] = mapped_column(SmallInteger, comment="1 dislikes ... 5 loves")
    notes: Mapped[str | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class Routine(TenantOwned):
    """Activities done in an order. Grain: one row per (tenant, routine)."""

    __tablename__ = "routines"
    __table_args__ = (
        UniqueConstraint("tenant_id", "routine_code"),
        references("sections", "section_id"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 600", name="duration_minutes_range"),
        Index(None, "tenant_id", "section_id"),
    )

    routine_id: Mapped[UUID] = entity_id()
    routine_code: Mapped[str]
    name: Mapped[str]
    section_id: Mapped[UUID | None] = mapped_column(comment="none for any section")
    duration_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class RoutineActivity(TenantOwned):
    """A step of a routine. Grain: one row per (tenant, routine, step)."""

    __tablename__ = "routine_activities"
    __table_args__ = (
        references("routines", "routine_id"),
        references("activities", "activity_id"),
        CheckConstraint("step_number > 0", name="step_number_positive"),
        Index(None, "tenant_id", "activity_id"),
    )

    routine_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    activity_id: Mapped[UUID]
    duration_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class RoutinePerformanceMetric(StudentOwned):
    """What was measured when a student did a routine.

    Grain: one row per (tenant, student, routine, day, metric).
    """

    __tablename__ = "routine_performance_metrics"
    __table_args__ = (
        references("students", "student_id"),
        references("routines", "routine_id"),
        Index(None, "tenant_id", "routine_id", "performed_on"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    routine_id: Mapped[UUID] = mapped_column(primary_key=True)
    performed_on: Mapped[date] = mapped_column(primary_key=True)
    metric_name: Mapped[str] = mapped_column(
        primary_key=True, comment="such as completion_rate, heart_rate_bpm"
    )
    metric_value: Mapped[float] = mapped_column(Numeric(10, 3))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class Sex(StrEnum):
    """What a healthy zone depends on, beside age."""

    FEMALE = "female"
    MALE = "male"


@versioned
class FitnessTest(TenantOwned):
    """A fitness test that the tenant gives. Grain: one row per (tenant, test)."""

    __tablename__ = "fitness_tests"
    __table_args__ = (UniqueConstraint("tenant_id", "test_code"),)

    fitness_test_id: Mapped[UUID] = entity_id()
    test_code: Mapped[str] = mapped_column(comment="such as pacer_laps, mile_run_s, curl_ups")
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(comment="such as laps, s, count, cm, kg/m2")
    component: Mapped[str | None] = mapped_column(comment="such as aerobic capacity, strength, flexibility")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class FitnessZone(TenantOwned):
    """The results that count as healthy at an age. Grain: one row per (tenant, test, sex, age).

    The tenant enters its own rules; [low_value, high_value], none = open on that side.
    """

    __tablename__ = "fitness_zones"
    __table_args__ = (
        references("fitness_tests", "fitness_test_id"),
        CheckConstraint("age_years BETWEEN 3 AND 25", name="age_years_range"),
        CheckConstraint("low_value <= high_value", name="low_below_high"),
        CheckConstraint("low_value IS NOT NULL OR high_value IS NOT NULL", name="has_a_bound"),
    )

    fitness_test_id: Mapped[UUID] = mapped_column(primary_key=True)
    sex: Mapped[Sex] = mapped_column(text_enum(Sex), primary_key=True)
    age_years: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    low_value: Mapped[float | None] = mapped_column(Numeric(10, 3))
    high_value: Mapped[float | None] = mapped_column(Numeric(10, 3))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class FitnessResult(StudentOwned):
    """A student's result in a fitness test. Grain: one row per (tenant, student, test, day)."""

    __tablename__ = "fitness_results"
    __table_args__ = (
        references("students", "student_id"),
        references("fitness_tests", "fitness_test_id"),
        Index(None, "tenant_id", "fitness_test_id", "tested_on"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    fitness_test_id: Mapped[UUID] = mapped_column(primary_key=True)
    tested_on: Mapped[date] = mapped_column(primary_key=True)
    result_value: Mapped[float] = mapped_column(Numeric(10, 3), comment="in the test's unit")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
