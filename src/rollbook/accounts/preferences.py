"""What a user prefers, as they said on their account's page."""

from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.accounts.models import User
from rollbook.accounts.models_grants import UserPreference
from rollbook.core import clock
from rollbook.core.errors import Invalid

START: Final = "start_page"
START_PAGES: Final = {
    "/caseload": "Caseload",
    "/students": "Students",
    "/sections": "Sections",
    "/attendance": "Attendance",
    "/schools": "Schools",
}


class PreferenceUnknown(Invalid):
    """There is no such choice. Nothing was changed."""


def start_page(db: Session, user: User) -> str:
    """Return the path where ``user`` likes to begin."""
    kept = db.get(UserPreference, (user.tenant_id, user.user_id, START))
    if kept is not None and kept.value in START_PAGES:
        return str(kept.value)
    return "/students" if user.role.is_family else "/"


def prefer_start_page(db: Session, user: User, path: str) -> None:
    """Let ``user`` begin at ``path`` after signing in.

    Raises: ``PreferenceUnknown``.
    """
    if path not in START_PAGES:
        raise PreferenceUnknown
    key = {"tenant_id": user.tenant_id, "user_id": user.user_id, "name": START}
    chosen = {"value": path, "changed_at": clock.now()}
    kept = insert(UserPreference).values(key | chosen)
    db.execute(kept.on_conflict_do_update(index_elements=list(key), set_=chosen))
    db.expire_all()
