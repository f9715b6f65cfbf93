"""What a password alone does not open: administration, the audit, and many students' records at once.

Which answers those are follows from the route and from whose rows came out, so that a new export or a new
page of administration cannot forget to ask.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User
from rollbook.accounts.second_factor import Guarded, check_second_factor, roles_of_two_factors
from rollbook.core.errors import Forbidden
from rollbook.core.tenancy import whole_tenant

MOST_AT_ONCE: Final = 100
"""Named students in one answer to a person; a page shows fewer."""
_READ_AHEAD: Final = 1  # a list reads one more than it shows, to know whether there is a next page
_FILES: Final = (".csv", ".json", ".{kind}")
_AUDITS: Final = frozenset({Role.DISTRICT_ADMIN, Role.AUDITOR})


class NotAdministrator(Forbidden):
    """This page is for the district's administrators."""


class AuditNotYours(Forbidden):
    """The audit is for the district's administrators and auditors: ask its Rollbook administrator."""


def check_entry(user: User, second_factor_at: datetime | None) -> None:
    """Let nobody see anybody by a password alone, of whose role the site asks for more.

    Raises: ``SecondFactorNeeded``.
    """
    if user.role in roles_of_two_factors():
        check_second_factor(Guarded.ENTRY, second_factor_at)


def is_bulk(route: str, students: Collection[UUID]) -> bool:
    """Say whether an answer is an export: a file that names any student, or anything that names many."""
    return bool(students) and (route.endswith(_FILES) or len(students) > MOST_AT_ONCE + _READ_AHEAD)


def check_bulk(route: str, students: Collection[UUID], second_factor_at: datetime | None) -> None:
    """Let nobody take many records with them on a password alone.

    Raises: ``SecondFactorNeeded``.
    """
    if is_bulk(route, students):
        check_second_factor(Guarded.BULK_EXPORT, second_factor_at)


def check_administrator(user: User, second_factor_at: datetime | None) -> None:
    """Let nobody in who is no administrator, or came with a password alone.

    Raises: ``NotAdministrator``; ``SecondFactorNeeded``.
    """
    if user.role is not Role.DISTRICT_ADMIN:
        raise NotAdministrator
    check_second_factor(Guarded.ADMIN, second_factor_at)


def check_audit_reader(user: User, second_factor_at: datetime | None) -> None:
    """Let in who answers for how records are used: an auditor, or a district admin, with a second factor.

    Raises: ``AuditNotYours``; ``SecondFactorNeeded``.
    """
    if user.role not in _AUDITS:
        raise AuditNotYours
    check_second_factor(Guarded.ADMIN, second_factor_at)


@contextmanager
def whole_log(db: Session, user: User) -> Iterator[None]:
    """Let the block read the logs of the whole tenant, for one who may; no other table of students'.

    An auditor sees who did what, with students by number; their records and names only as far as granted.
    Raises: ``AuditNotYours``.
    """
    if user.role not in _AUDITS:
        raise AuditNotYours
    with whole_tenant(db):
        yield
