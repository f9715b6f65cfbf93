"""Attendance as files bring it."""

from typing import Final

from sqlalchemy import or_

from rollbook.attendance.bulk import load_plain
from rollbook.attendance.models import AttendanceRecord
from rollbook.intake.kinds import Kind, Part, Rule, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, not_ahead

ATTENDANCE: Final = Kind(
    "attendance",
    "Marks of attendance, by day (period 0) or by period: one line each.",
    fields=(
        STUDENT_NUMBER,
        *fields_of(
            AttendanceRecord,
            {"date": "2026-01-30", "period": "0", "status": "tardy", "minutes_late": "10", "reason": "bus"},
            within={"period": (0, 20), "minutes_late": (0, 600)},
        ),
    ),
    lookups=(STUDENT,),
    parts=(
        Part(
            table=table_of(AttendanceRecord),
            columns={
                "student_id": "student_id",
                "date": "date",
                "period": "period",
                "status": "status",
                "minutes_late": "minutes_late",
                "reason": "reason",
            },
            key=("student_id", "date", "period"),
            scope=("date",),
            leaving=Delete(),
            month="date",
        ),
    ),
    rules=(
        not_ahead("date"),
        Rule(
            ("status", "minutes_late"),
            "says how late somebody was who is not tardy",
            lambda get: or_(get("minutes_late") == 0, get("status") == "tardy"),
        ),
    ),
    load=load_plain,
)
KINDS: Final = (ATTENDANCE,)
