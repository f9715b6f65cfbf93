"""EduPulse's ORM models, as its document of the database module (001) declares their tables."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


def _numbered() -> Mapped[int]:
    return mapped_column(BigInteger, primary_key=True)


def _of_student() -> Mapped[str]:
    return mapped_column(ForeignKey("students.student_id"))


class Student(Base):
    __tablename__ = "students"

    student_id: Mapped[str] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    grade_level: Mapped[int | None]
    enrollment_date: Mapped[date | None]
    date_of_birth: Mapped[date | None]
    gender: Mapped[str | None]
    special_ed_status: Mapped[bool | None] = mapped_column(default=False)
    attendance_records: Mapped[list["AttendanceRecord"]] = relationship()


class AttendanceRecord(Base):
    __tablename__ = "attendance_records"

    id: Mapped[int] = _numbered()
    student_id: Mapped[str] = _of_student()
    date: Mapped[date]
    status: Mapped[str]
    period: Mapped[int | None]
    minutes_late: Mapped[int | None]
    reason: Mapped[str | None]


class Grade(Base):
    __tablename__ = "grades"

    id: Mapped[int] = _numbered()
    student_id: Mapped[str] = _of_student()
    course_id: Mapped[str]
    assignment_id: Mapped[str | None]
    assignment_type: Mapped[str | None]
    grade_value: Mapped[float]
    max_grade_value: Mapped[float | None] = mapped_column(default=100)
    submission_date: Mapped[date | None]
    semester: Mapped[str | None]
    academic_year: Mapped[str | None]


class Prediction(Base):
    __tablename__ = "predictions"

    id: Mapped[int] = _numbered()
    student_id: Mapped[str] = _of_student()
    risk_score: Mapped[float]
    risk_category: Mapped[str | None]
    confidence: Mapped[float | None]
    risk_factors: Mapped[Any] = mapped_column(JSON)
    model_version: Mapped[str | None]
    prediction_date: Mapped[datetime]


class DisciplineIncident(Base):
    __tablename__ = "discipline_incidents"

    id: Mapped[int] = _numbered()
    student_id: Mapped[str] = _of_student()
    incident_date: Mapped[date]
    incident_type: Mapped[str | None]
    severity_level: Mapped[int | None]
    description: Mapped[str | None]
    action_taken: Mapped[str | None]
    reported_by: Mapped[str | None]
