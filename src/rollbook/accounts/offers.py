"""What the sign-in page offers: the providers of the district that the address, or the browser, names."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import Request
from sqlalchemy.orm import Session

from rollbook.accounts import cookies
from rollbook.accounts.providers import list_providers
from rollbook.core.settings import settings
from rollbook.core.tenancy import TenantNotFound, Visibility, find_tenant, look_through


@dataclass(frozen=True, slots=True)
class Button:
    """One provider: what it is called, and where its sign-in begins."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The ways in. A district that nobody named, or that there is not, offers a password alone."""

    district: str
    buttons: tuple[Button, ...] = ()
    passwords: bool = True


_NOTHING: Final = Offer("")


def offer_of(request: Request, next_path: str, district: str = "") -> Offer:
    """Return what is offered to this browser."""
    slug = district or cookies.district(request) or settings().tenant or ""
    if not slug:
        return _NOTHING
    with Session(request.app.state.engine) as db, db.begin():
        try:
            tenant = find_tenant(db, slug)
        except TenantNotFound:
            return _NOTHING
        look_through(db, Visibility(tenant.tenant_id, ()))
        active = [one for one in list_providers(db, tenant.tenant_id) if one.is_active]
        buttons = tuple(Button(one.label, _begin_at(slug, one.name, next_path)) for one in active)
        return Offer(slug, buttons, passwords=not any(one.replaces_passwords for one in active))


def _begin_at(slug: str, provider: str, next_path: str) -> str:
    return f"/sign-in/with/{slug}/{provider}?next={quote(next_path)}"
