"""Sign-in by a provider: the authorization code flow of OpenID Connect, with PKCE, state and nonce.

Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636 (PKCE); RFC 9207 (which issuer answers).
"""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from rollbook.accounts.models_providers import IdentityProvider
from rollbook.accounts.oidc_directory import TIMEOUT_S, Directory, Published, fetch_json, trusted
from rollbook.accounts.providers import Identity
from rollbook.core import clock, retrying
from rollbook.core.errors import Unauthenticated

LEEWAY_S: Final = 60
"""How far a provider's clock may be off."""
LASTS_S: Final = 600
"""How long somebody may take at the provider."""
SCOPE: Final = "openid email"
# Signatures that the provider alone can make. Not "none", and not HS256: there the key is a shared secret,
# for which a forger would take the public key.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_BYTES: Final = 32
_LONGEST: Final = 255


class SignInRefused(Unauthenticated):
    """Signing in with {label} did not work ({reason}). Nothing was opened: begin again."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that is under way at a provider. The browser keeps it, in a cookie that only it has."""

    provider: str
    state: str
    nonce: str
    verifier: str
    next_path: str
    begun_at: int

    def sealed(self) -> str:
        """Return it as a cookie's value."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what it keeps until it comes back."""

    address: str
    pending: Pending


@dataclass(frozen=True, slots=True)
class Client:
    """This Rollbook as the provider knows it."""

    provider: IdentityProvider
    secret: str | None
    redirect_uri: str

    @property
    def label(self) -> str:
        """What people call the provider."""
        return self.provider.label


def begin(client: Client, directory: Directory, next_path: str) -> Begun:
    """Return where to send the browser.

    Raises: ``ProviderUnreachable``.
    """
    published = directory.published(client.provider.issuer)
    pending = Pending(
        provider=str(client.provider.provider_id),
        state=secrets.token_urlsafe(_BYTES),
        nonce=secrets.token_urlsafe(_BYTES),
        verifier=secrets.token_urlsafe(_BYTES + 16),
        next_path=next_path,
        begun_at=int(clock.now().timestamp()),
    )
    with _oauth(client) as session:
        address, _ = session.create_authorization_url(
            published.authorization_endpoint,
            state=pending.state,
            nonce=pending.nonce,
            code_verifier=pending.verifier,
        )
    return Begun(address, pending)


def pending_of(cookie: str | None) -> Pending | None:
    """Return what the browser kept, if it can be that and is not too old."""
    try:
        pending = Pending(**json.loads(base64.urlsafe_b64decode((cookie or "").encode("ascii"))))
        age = int(clock.now().timestamp()) - pending.begun_at
        texts = (pending.provider, pending.state, pending.nonce, pending.verifier, pending.next_path)
        is_whole = all(isinstance(text, str) and text for text in texts)
    except (ValueError, TypeError, RecursionError):
        return None
    return pending if is_whole and 0 <= age <= LASTS_S else None


def finish(
    client: Client, directory: Directory, pending: Pending | None, answer: Mapping[str, str]
) -> Identity:
    """Return whom the provider vouches for, from what the browser brings back from it.

    Raises: ``SignInRefused``; ``ProviderUnreachable``.
    """
    if pending is None or pending.provider != str(client.provider.provider_id):
        raise SignInRefused(label=client.label, reason="it was not begun in this browser, or took too long")
    if not hmac.compare_digest(pending.state.encode(), answer.get("state", "").encode("utf-8", "replace")):
        raise SignInRefused(label=client.label, reason="the answer belongs to another sign-in")
    published = directory.published(client.provider.issuer)
    _check_answer(client, published, answer)
    token = _exchange(client, published, answer["code"], pending.verifier)
    claims = _claims(client, directory, token, pending.nonce)
    return _identity(client, published, claims, str(token.get("access_token", "")))


def verified(directory: Directory, issuer: str, token: str, *, by_stranger: bool = False) -> Token:
    """Return a token whose signature is the issuer's; keys that it published since count too.

    Raises: ``JoseError`` and ``ValueError`` where it is not; ``ProviderUnreachable``.
    """
    try:
        return _decoded(token, directory.keys(issuer))
    except (JoseError, ValueError):
        return _decoded(token, directory.keys_anew(issuer, asked_by_stranger=by_stranger))


def _decoded(token: str, keys: KeySet) -> Token:
    return jwt.decode(token, keys, algorithms=list(ALGORITHMS))


def _oauth(client: Client) -> OAuth2Client:
    """Return Authlib's client. Redirections are not followed: a code is shown to nobody else."""
    return OAuth2Client(
        client_id=client.provider.client_id,
        client_secret=client.secret,
        token_endpoint_auth_method=client.provider.client_auth.value,
        scope=SCOPE,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        timeout=TIMEOUT_S,
        verify=trusted(),
    )


def _check_answer(client: Client, published: Published, answer: Mapping[str, str]) -> None:
    """Refuse an answer that says no, is empty, or comes from another provider than was asked (a mix-up)."""
    named = answer.get("iss")
    if (named is not None or published.names_itself) and named != published.issuer:
        raise SignInRefused(label=client.label, reason="another provider answered")
    if "error" in answer or not answer.get("code"):
        raise SignInRefused(label=client.label, reason="the provider said no")


def _exchange(client: Client, published: Published, code: str, verifier: str) -> Mapping[str, Any]:
    retrying.do_once()  # a code is good for one exchange
    try:
        with _oauth(client) as session:
            token = session.fetch_token(published.token_endpoint, code=code, code_verifier=verifier)
    except (AuthlibBaseError, httpx2.HTTPError, ValueError, TypeError):
        raise SignInRefused(label=client.label, reason="the provider does not know its own code") from None
    return dict(token)


def _claims(client: Client, directory: Directory, token: Mapping[str, Any], nonce: str) -> CodeIDToken:
    """Return what the ID token says, once every check of OpenID Connect Core 3.1.3.7 is passed."""
    options = {
        "iss": {"essential": True, "value": client.provider.issuer},
        "aud": {"essential": True, "value": client.provider.client_id},
    }
    params = {
        "nonce": nonce,
        "client_id": client.provider.client_id,
        "access_token": token.get("access_token"),
    }
    try:
        signed = verified(directory, client.provider.issuer, str(token.get("id_token", "")))
        claims = CodeIDToken(signed.claims, signed.header, options, params)
        claims.validate(leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused(label=client.label, reason=f"its token: {type(error).__name__}") from None
    return claims


def _identity(client: Client, published: Published, claims: CodeIDToken, access_token: str) -> Identity:
    subject = plain_name(claims["sub"])
    if subject is None:
        raise SignInRefused(label=client.label, reason="its token names nobody")
    said: Mapping[str, Any] = claims
    if "email" not in claims and published.userinfo_endpoint:
        said = fetch_json(published.issuer, published.userinfo_endpoint, bearer=access_token)
        if said.get("sub") != subject:
            raise SignInRefused(label=client.label, reason="it speaks of somebody else")
    return Identity(
        issuer=published.issuer,
        subject=subject,
        email=_verified_email(said),
        session=plain_name(claims.get("sid")),
        factors=_factors(claims),
    )


def plain_name(said: object) -> str | None:
    """Return what a provider calls something, if it is a text that can be kept and compared."""
    is_plain = isinstance(said, str) and 1 <= len(said) <= _LONGEST and said.isprintable()
    return said if is_plain and isinstance(said, str) else None


def _verified_email(said: Mapping[str, Any]) -> str | None:
    """Return the email only where the provider says, with a plain true, that it is this person's."""
    email = said.get("email")
    return email if said.get("email_verified") is True and isinstance(email, str) else None


def _factors(claims: CodeIDToken) -> frozenset[str]:
    """Return how the provider says that it knew the person."""
    methods = claims.get("amr")
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else [])]
    return frozenset(value for value in said if isinstance(value, str))
