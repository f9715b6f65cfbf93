"""The dependency of a user's own pages: who is signed in, in a transaction that sees no student."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.accounts import cookies, sessions
from rollbook.accounts.models import Awaited, User, UserSession
from rollbook.accounts.networks import coarse, device_of
from rollbook.accounts.sessions import Arrival, NotSignedIn, SecondFactorMissing
from rollbook.core.tenancy import Tenant, Visibility, look_through, sign
from rollbook.ui.forms import form_token
from rollbook.ui.page import Frame


@dataclass(frozen=True, slots=True)
class Account:
    """A signed-in user at their own account; it sees nobody else's, and no student."""

    db: Session
    user: User
    session: UserSession
    frame: Frame
    token: str


def frame_of(request: Request, db: Session, user: User, token: str) -> Frame:
    """Return what stands around the user's pages; errors of this request stand in it too."""
    tenant = db.get_one(Tenant, user.tenant_id)
    request.state.user_id = user.user_id
    frame = Frame(
        tenant.name,
        user.full_name,
        tenant.is_synthetic,
        form_token(token),
        tenant.time_zone,
        is_family=user.role.is_family,
    )
    request.state.frame = frame
    return frame


def arrival_of(request: Request) -> Arrival:
    """Return where a sign-in comes from, and the token that its browser had until now."""
    host = request.client.host if request.client else ""
    return Arrival(coarse(host), device_of(request), cookies.session_token(request) or "")


def _account(request: Request) -> Iterator[Account]:
    token = cookies.session_token(request)
    if not token:
        raise NotSignedIn
    with Session(request.app.state.engine) as db, db.begin():
        found = sessions.find_any_session(db, token, arrival_of(request).network)
        if found.session.awaits is Awaited.CODE:
            raise SecondFactorMissing
        look_through(db, Visibility(found.user.tenant_id, ()))
        sign(db, user_id=found.user.user_id)
        frame = frame_of(request, db, found.user, token)
        yield Account(db, found.user, found.session, frame, token)


# The transaction ends before the answer is sent: who is told that a session is over is out of it.
AtAccount = Annotated[Account, Depends(_account, scope="function")]
