"""The dependency of all that shows pupils: who asks, and a transaction that sees no more than they may."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.access.service import visibility_of
from rollbook.accounts import cookies
from rollbook.accounts import service as accounts
from rollbook.accounts.models import User
from rollbook.accounts.service import NotSignedIn
from rollbook.core.tenancy import Tenant, look_through
from rollbook.ui.forms import form_token
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
        user = accounts.find_session(db, token)
        tenant = db.get_one(Tenant, user.tenant_id)
        frame = Frame(tenant.name, user.full_name, tenant.is_synthetic, form_token(token))
        request.state.frame = frame
        visibility = visibility_of(db, user)
        look_through(db, visibility)
        yield Viewer(db, user, tenant, frame, sees_nobody=visibility.student_ids == ())


Viewing = Annotated[Viewer, Depends(_viewer, scope="function")]
