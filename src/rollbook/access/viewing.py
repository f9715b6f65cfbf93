"""The dependency of all that shows pupils: who asks, and a transaction that sees no more than they may."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.access.service import visibility_of
from rollbook.accounts import cookies, sessions
from rollbook.accounts.models import User
from rollbook.accounts.sessions import NotSignedIn
from rollbook.accounts.signed_in import frame_of
from rollbook.core.tenancy import Tenant, look_through
from rollbook.ui.page import Frame


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user, in a transaction whose row-level security is set to what they may see."""

    db: Session
    user: User
    tenant: Tenant
    frame: Frame
    sees_nobody: bool


def _viewer(request: Request) -> Iterator[Viewer]:
    token = cookies.session_token(request)
    if not token:
        raise NotSignedIn
    with Session(request.app.state.engine) as db, db.begin():
        user = sessions.find_session(db, token)
        tenant = db.get_one(Tenant, user.tenant_id)
        frame = frame_of(request, db, user, token)
        visibility = visibility_of(db, user)
        look_through(db, visibility)
        yield Viewer(db, user, tenant, frame, sees_nobody=visibility.student_ids == ())


Viewing = Annotated[Viewer, Depends(_viewer, scope="function")]
