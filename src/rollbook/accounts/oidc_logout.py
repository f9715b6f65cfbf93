"""Back-channel logout: a provider says, server to server, that somebody's sign-in there is over.

Source: OpenID Connect Back-Channel Logout 1.0, section 2.6.
"""

from dataclasses import dataclass
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from rollbook.accounts.models_providers import IdentityProvider
from rollbook.accounts.oidc import LEEWAY_S, plain_name, verified
from rollbook.accounts.oidc_directory import Directory
from rollbook.core.errors import Invalid

_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class LogoutInvalid(Invalid):
    """This is no notice of the provider's that somebody signed out."""

    http_status = 400


@dataclass(frozen=True, slots=True)
class Over:
    """Which sign-ins are over: one session of the provider's, or all of a subject."""

    subject: str | None
    session: str | None


def over_of(provider: IdentityProvider, directory: Directory, token: str) -> Over:
    """Return what a logout token says. Shown twice it ends nothing more.

    Raises: ``LogoutInvalid``; ``ProviderUnreachable``.
    """
    registry = JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    )
    try:
        claims = verified(directory, provider.issuer, token, by_stranger=True).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError):
        raise LogoutInvalid from None
    over = Over(plain_name(claims.get("sub")), plain_name(claims.get("sid")))
    events = claims["events"]
    is_logout = isinstance(events, dict) and isinstance(events.get(_EVENT), dict) and "nonce" not in claims
    if not is_logout or over == Over(None, None):
        raise LogoutInvalid
    return over
