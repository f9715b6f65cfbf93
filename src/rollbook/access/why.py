"""Why a user sees a student: by which rule, assignment, enrollment, relation or grant, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.access.service import rule_of, who_is
from rollbook.accounts.models import Role, User
from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.access", "why.sql")
RULES: Final = {
    "whole_tenant": "A district admin sees every student of the district.",
    "students_at_school": "They lead, counsel at, or keep the books of, a school of the student's.",
    "students_counseled": "The student's enrollment names them as counselor.",
    "students_taught": "They teach a section that the student takes.",
    "students_of_guardian": "They answer for the student.",
    "students_granted": "It was granted to them.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One way by which a user sees a student. ``since`` None: since longer than anything says."""

    rule: str
    because: str
    since: date | None

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


def why(db: Session, user: User, student_id: UUID) -> Sequence[Reason]:
    """Return every way by which ``user`` sees the student today, the oldest first; none where they do not.

    ``db`` must look at the whole tenant. A user who may not sign in sees nobody.
    """
    if not user.is_active:
        return []
    if user.role is Role.DISTRICT_ADMIN:
        return [Reason("whole_tenant", f"{user.full_name} is a district admin", user.created_at.date())]
    who = who_is(db, user)
    about = who | {"student_id": student_id}
    rules = dict.fromkeys((rule_of(db, user.role, who), "students_granted"))
    found = [Reason(rule, *row) for rule in rules for row in db.execute(_SQL[f"why_{rule}"], about)]
    return sorted(found, key=lambda reason: (reason.since or date.min, reason.rule, reason.because))
