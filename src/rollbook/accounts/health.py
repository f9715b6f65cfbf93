"""Look over who signs in to a tenant: may one stolen password open all of it?"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User
from rollbook.accounts.models_factors import TotpSecret
from rollbook.core.checks import Checked, State, fine
from rollbook.core.tenancy import Tenant

_SHOWN: Final = 3


def look_over(db: Session, tenant: Tenant) -> Checked:
    """Say whether every district admin who signs in by password has a second factor.

    The people of a synthetic district have none: they are nobody.
    """
    name = f"second factors of {tenant.slug}"
    confirmed = select(TotpSecret.user_id).where(
        TotpSecret.tenant_id == User.tenant_id, TotpSecret.confirmed_at.is_not(None)
    )
    without = select(User.email).where(
        User.tenant_id == tenant.tenant_id,
        User.role == Role.DISTRICT_ADMIN,
        User.is_active,
        User.password_hash.is_not(None),
        User.user_id.not_in(confirmed),
    )
    emails = [] if tenant.is_synthetic else list(db.scalars(without.order_by(User.email)))
    if not emails:
        return fine(name, "Whoever sees the whole district shows a second factor, or nobody is real.")
    more = f" and {len(emails) - _SHOWN} more" if len(emails) > _SHOWN else ""
    return Checked(
        name,
        State.WARNING,
        f"A password alone lets in {', '.join(emails[:_SHOWN])}{more}, who see the whole district.",
        "They set one up themselves: sign in, then Account, Second factor.",
    )
