"""A student begins and ends a program."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.by_hand import revise
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.core.sql import named_sql
from rollbook.roster.models import Student
from rollbook.roster.models_families import ProgramType, StudentProgram
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.roster", "families.sql")


class ProgramOverlaps(Conflict):
    """The student is in that program at that time already. End that first. Nothing was changed."""


class ProgramNotOpen(NotFound):
    """The student is not in that program, or has left it."""


class ProgramEndsEarly(Invalid):
    """The program began on {begins_on} and cannot end on {ends_on}, before that."""


def begin_program(  # noqa: PLR0913 -- each is a column
    db: Session,
    tenant_id: int,
    student_id: UUID,
    program_type: ProgramType,
    *,
    begins_on: date,
    ends_on: date | None = None,
    notes: str | None = None,
) -> StudentProgram:
    """Let a student take part in a program in [begins_on, ends_on), or from a day on.

    Raises: ``StudentNotFound``; ``ProgramEndsEarly``; ``ProgramOverlaps``.
    """
    if ends_on is not None and ends_on < begins_on:
        raise ProgramEndsEarly(begins_on=begins_on, ends_on=ends_on)
    # The student's row is locked: no constraint keeps two that begin at once from overlapping.
    if db.get(Student, (tenant_id, student_id), with_for_update=True) is None:
        raise StudentNotFound
    key = {"tenant_id": tenant_id, "student_id": student_id, "program_type": program_type.value}
    if db.scalar(_SQL["overlapping_programs"], key | {"begins_on": begins_on, "ends_on": ends_on}):
        raise ProgramOverlaps
    program = StudentProgram(
        tenant_id=tenant_id,
        student_id=student_id,
        program_type=program_type,
        begins_on=begins_on,
        ends_on=ends_on,
        notes=notes,
    )
    db.add(program)
    db.flush()
    return program


def end_program(
    db: Session, tenant_id: int, student_id: UUID, program_type: ProgramType, *, ends_on: date
) -> StudentProgram:
    """End a student's time in a program; ``ends_on`` is the first day no longer in it.

    Raises: ``ProgramNotOpen``, also for a student whom this transaction may not see; ``ProgramEndsEarly``.
    """
    table = StudentProgram
    program = db.scalar(
        select(table)
        .where(table.tenant_id == tenant_id, table.student_id == student_id)
        .where(table.program_type == program_type, table.ends_on.is_(None))
        .with_for_update()
    )
    if program is None:
        raise ProgramNotOpen
    if ends_on < program.begins_on:
        raise ProgramEndsEarly(begins_on=program.begins_on, ends_on=ends_on)
    revise(program, ends_on=ends_on)
    db.flush()
    return program
