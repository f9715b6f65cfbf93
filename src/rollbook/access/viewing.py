"""The dependency of all that shows pupils: who asks, and a transaction that sees no more than they may.

Whose rows come out of that transaction is in the disclosure log before the answer is sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.access.service import interest_of, visibility_of
from rollbook.accounts import cookies, sessions
from rollbook.accounts.keys import Scope, find_bearer
from rollbook.accounts.models import User
from rollbook.accounts.sessions import NotSignedIn
from rollbook.accounts.signed_in import arrival_of, frame_of
from rollbook.audit.reading import Reason, disclosing
from rollbook.core.tenancy import Tenant, look_through, sign
from rollbook.ui.page import Frame

PURPOSE: Final = "Rollbook-Purpose"
"""The header in which a program may say what it needs the records for."""
_API: Final = "/api/v1/"
_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user, in a transaction whose row-level security is set to what they may see."""

    db: Session
    user: User
    tenant: Tenant
    frame: Frame
    sees_nobody: bool
    second_factor_at: datetime | None = None


def _viewer(request: Request) -> Iterator[Viewer]:
    with Session(request.app.state.engine) as db, db.begin():
        user, token, second_factor_at = _who_asks(request, db)
        tenant = db.get_one(Tenant, user.tenant_id)
        frame = frame_of(request, db, user, token)
        visibility = visibility_of(db, user)
        reason = _reason(request, interest_of(db, user))
        look_through(db, visibility)
        sign(db, user_id=user.user_id, purpose=reason.what)
        with disclosing(db, reason):
            yield Viewer(
                db,
                user,
                tenant,
                frame,
                sees_nobody=visibility.student_ids == (),
                second_factor_at=second_factor_at,
            )


def _reason(request: Request, interest: str) -> Reason:
    """Name the route, not the address: that may name a student, or what was searched for."""
    route = getattr(request.scope.get("route"), "path", "")
    return Reason(f"{request.method} {route}", interest, request.headers.get(PURPOSE))


def _who_asks(request: Request, db: Session) -> tuple[User, str, datetime | None]:
    """Return the user, what they showed, and when they showed a second factor.

    The API is also open to a program with a key or a token; a page is not.
    Raises: ``NotSignedIn``; ``BearerInvalid``; ``ScopeMissing``.
    """
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and request.url.path.startswith(_API):
        needed = Scope.READ if request.method in _READING else Scope.WRITE
        return find_bearer(db, shown.strip(), needed), shown, None
    token = cookies.session_token(request)
    if not token:
        raise NotSignedIn
    found = sessions.find_open_session(db, token, arrival_of(request).network)
    return found.user, token, found.session.second_factor_at


Viewing = Annotated[Viewer, Depends(_viewer, scope="function")]
