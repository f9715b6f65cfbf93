"""The dependency of all that shows pupils: who asks, and a transaction that sees no more than they may.

Whose rows come out of that transaction is in the disclosure log before the answer is sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.access.guarding import check_bulk, check_entry
from rollbook.access.service import interest_of, visibility_of
from rollbook.access.writing import writes
from rollbook.accounts import cookies, sessions
from rollbook.accounts.keys import Scope, find_bearer
from rollbook.accounts.models import User
from rollbook.accounts.sessions import NotSignedIn
from rollbook.accounts.signed_in import arrival_of, frame_of
from rollbook.audit.reading import Reason, disclosing
from rollbook.core.replica import Replica
from rollbook.core.tenancy import Tenant, Visibility, look_through, sign
from rollbook.ui.page import Frame
from rollbook.ui.written import last_written

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


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, and what they showed. A program shows a key: whoever made that answers for what it takes.

    The logs name the key too: who makes one for somebody else does not read under their name alone.
    """

    user: User
    shown: str
    second_factor_at: datetime | None = None
    key: str = ""

    @property
    def who(self) -> str:
        """What the logs say besides the user."""
        return f"key {self.key}" if self.key else ""


def _viewer(request: Request) -> Iterator[Viewer]:
    with Session(request.app.state.engine) as db, db.begin():
        asking = _who_asks(request, db)
        user = asking.user
        tenant = db.get_one(Tenant, user.tenant_id)
        frame = frame_of(request, db, user, asking.shown)
        if not asking.key:
            check_entry(user, asking.second_factor_at)
        for_writing = request.method not in _READING and writes(user)
        visibility = visibility_of(db, user, for_writing=for_writing)
        reason = _reason(request, interest_of(db, user))
        look_through(db, visibility)
        sign(db, user_id=user.user_id, purpose=reason.what, who=asking.who)
        with (
            _reading(request, db, visibility, user) as reading,
            disclosing(reading, reason, noted_in=db) as shown,
        ):
            yield Viewer(
                reading,
                user,
                tenant,
                frame,
                sees_nobody=visibility.student_ids == (),
                second_factor_at=asking.second_factor_at,
            )
            if not asking.key:
                check_bulk(_route(request), shown, asking.second_factor_at)


@contextmanager
def _reading(request: Request, db: Session, visibility: Visibility, user: User) -> Iterator[Session]:
    """Lend the transaction to read in: on a replica, where there is one that is fit, for what only reads.

    What ``user`` may see, ``db`` on the primary has said; whose rows come out is written there.
    """
    replica: Replica | None = getattr(request.app.state, "replica", None)
    if replica is None or request.method not in _READING:
        yield db
        return
    with replica.reading(db, _route(request), last_written(request)) as reading:
        if reading is not db:
            look_through(reading, visibility)
            sign(reading, user_id=user.user_id)
        yield reading


def _reason(request: Request, interest: str) -> Reason:
    """Name the route, not the address: that may name a student, or what was searched for."""
    return Reason(f"{request.method} {_route(request)}", interest, request.headers.get(PURPOSE))


def _route(request: Request) -> str:
    path: str = getattr(request.scope.get("route"), "path", "")
    return path


def _who_asks(request: Request, db: Session) -> _Asking:
    """Return the user, what they showed, and when they showed a second factor.

    The API is also open to a program with a key or a token; a page is not.
    Raises: ``NotSignedIn``; ``BearerInvalid``; ``ScopeMissing``.
    """
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and request.url.path.startswith(_API):
        needed = Scope.READ if request.method in _READING else Scope.WRITE
        bearer = find_bearer(db, shown.strip(), needed)
        return _Asking(bearer.user, shown, key=bearer.prefix)
    token = cookies.session_token(request)
    if not token:
        raise NotSignedIn
    found = sessions.find_open_session(db, token, arrival_of(request).network)
    return _Asking(found.user, token, found.session.second_factor_at)


Viewing = Annotated[Viewer, Depends(_viewer, scope="function")]
