"""What may be told to whom, beyond which students they see."""

from rollbook.access.viewing import Viewer
from rollbook.accounts.models import Role


def sees_all(viewer: Viewer) -> bool:
    """Say whether the viewer sees every student of the tenant, so that a count is the whole count."""
    return viewer.user.role is Role.DISTRICT_ADMIN


def sees_meals(viewer: Viewer) -> bool:
    """Say whether free and reduced-price meals concern the viewer: the district runs them."""
    return viewer.user.role is Role.DISTRICT_ADMIN
