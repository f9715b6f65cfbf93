"""Families and programs as files bring them."""

from dataclasses import replace
from typing import Final

from sqlalchemy import func

from rollbook.intake.kinds import Field, Kind, Lookup, Part, fields_of
from rollbook.intake.target import Close, Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, TODAY, not_before, same_names
from rollbook.roster.models_families import Guardian, StudentGuardian, StudentProgram

_GUARDIAN: Final = {
    "first_name": "Anne",
    "last_name": "Byron",
    "email": "anne@home.example",
    "phone": "555-0102",
    "preferred_language": "es",
}
_RELATION: Final = {
    "relation": "mother",
    "contact_order": "1",
    "lives_with": "true",
    "may_see_records": "true",
}
GUARDIANS: Final = Kind(
    "guardians",
    "Guardians, one line for each student they answer for.",
    fields=(
        Field("guardian_number", Line(), "G001", "the district's own number", is_required=True),
        *fields_of(Guardian, _GUARDIAN),
        replace(STUDENT_NUMBER, is_required=False),
        *fields_of(StudentGuardian, _RELATION, within={"contact_order": (1, 99)}),
    ),
    lookups=(
        STUDENT,
        Lookup("guardian_id", table_of(Guardian), {"guardian_number": "guardian_number"}, is_brought=True),
    ),
    parts=(
        Part(
            table=table_of(Guardian),
            columns=same_names("guardian_number", *_GUARDIAN),
            key=("guardian_number",),
            entity="guardian_id",
            is_shared=True,
        ),
        Part(
            table=table_of(StudentGuardian),
            columns=same_names("student_id", "guardian_id", *_RELATION),
            key=("student_id", "guardian_id"),
            where="student_number",
            is_optional=True,
            scope=("student_id",),
            leaving=Delete(),
        ),
    ),
)
_programs: Final = table_of(StudentProgram)
PROGRAMS: Final = Kind(
    "programs",
    "Students' time in programs such as an IEP, one line each.",
    fields=(
        STUDENT_NUMBER,
        *fields_of(
            StudentProgram, {"program_type": "iep", "begins_on": "2025-09-01", "ends_on": "", "notes": ""}
        ),
    ),
    lookups=(STUDENT,),
    parts=(
        Part(
            table=_programs,
            columns=same_names("student_id", "program_type", "begins_on", "ends_on", "notes"),
            key=("student_id", "program_type", "begins_on"),
            scope=("program_type",),
            leaving=Close("ends_on", func.greatest(_programs.c.begins_on, TODAY)),
        ),
    ),
    rules=(not_before("begins_on", "ends_on"),),
)
KINDS: Final = (GUARDIANS, PROGRAMS)
