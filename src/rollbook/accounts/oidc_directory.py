"""What sign-in providers publish of themselves (OpenID Connect Discovery): addresses and keys."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rollbook.accounts.providers import is_safe_address
from rollbook.core import clock
from rollbook.core.errors import Unavailable

TIMEOUT_S: Final = 5
KEPT: Final = timedelta(hours=1)
# Who asks for sign-in again and again while the provider is down does not make us ask it each time.
_FAULT_KEPT: Final = timedelta(seconds=10)
# A stranger who sends a notice signed by no known key does not make us fetch the keys each time.
_ANEW_EVERY: Final = timedelta(minutes=1)
_LARGEST: Final = 256 * 1024
_WELL_KNOWN: Final = "/.well-known/openid-configuration"

Kept = TypeVar("Kept")


class ProviderUnreachable(Unavailable):
    """{issuer} does not answer as a sign-in provider does: {reason}. Try again in a minute."""


@dataclass(frozen=True, slots=True)
class Published:
    """A provider's addresses. ``names_itself``: its answers to the browser say its issuer (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool


class Directory:
    """What providers publish, fetched when first needed and again after ``KEPT``."""

    def __init__(self) -> None:
        self._published: dict[str, tuple[datetime, Published]] = {}
        self._keys: dict[str, tuple[datetime, KeySet]] = {}
        self._faults: dict[str, tuple[datetime, str]] = {}

    def published(self, issuer: str) -> Published:
        """Return the issuer's addresses.

        Raises: ``ProviderUnreachable``.
        """
        return self._kept(self._published, issuer, lambda: _published(issuer))

    def keys(self, issuer: str) -> KeySet:
        """Return the keys that the issuer signs with.

        Raises: ``ProviderUnreachable``.
        """
        address = self.published(issuer).jwks_uri
        return self._kept(self._keys, issuer, lambda: _key_set(issuer, address))

    def keys_anew(self, issuer: str, *, asked_by_stranger: bool = False) -> KeySet:
        """Return the keys as they are now: a signature does not fit those that were kept.

        Raises: ``ProviderUnreachable``.
        """
        at, keys = self._keys.get(issuer, (None, None))
        if keys is not None and at is not None and asked_by_stranger and clock.now() < at + _ANEW_EVERY:
            return keys
        self._keys.pop(issuer, None)
        return self.keys(issuer)

    def _kept(self, kept: dict[str, tuple[datetime, Kept]], issuer: str, fetch: Callable[[], Kept]) -> Kept:
        now = clock.now()
        at, found = kept.get(issuer, (None, None))
        if found is not None and at is not None and now < at + KEPT:
            return found
        failed_at, reason = self._faults.get(issuer, (None, ""))
        if failed_at is not None and now < failed_at + _FAULT_KEPT:
            raise ProviderUnreachable(issuer=issuer, reason=reason)
        try:
            fetched = fetch()
        except ProviderUnreachable as error:
            self._faults[issuer] = now, str(error.facts["reason"])
            raise
        kept[issuer] = now, fetched
        return fetched


@cache
def trusted() -> ssl.SSLContext:
    """Return whom https believes: made once, it takes longer than a request."""
    return httpx2.create_ssl_context()


def fetch_json(issuer: str, address: str, *, bearer: str | None = None) -> Mapping[str, Any]:
    """Return the object at an address of the issuer's; redirections are not followed.

    Raises: ``ProviderUnreachable``.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        with (
            httpx2.Client(timeout=TIMEOUT_S, verify=trusted()) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            answer.raise_for_status()
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise ProviderUnreachable(issuer=issuer, reason="it sends too much")
        found = httpx2.Response(200, content=body).json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RecursionError) as error:
        raise ProviderUnreachable(issuer=issuer, reason=type(error).__name__) from None
    if not isinstance(found, dict):
        raise ProviderUnreachable(issuer=issuer, reason="it sends no object")
    return found


def _published(issuer: str) -> Published:
    said = fetch_json(issuer, issuer.rstrip("/") + _WELL_KNOWN)
    if said.get("issuer") != issuer:
        raise ProviderUnreachable(issuer=issuer, reason="it says that it is another issuer")
    return Published(
        issuer=issuer,
        authorization_endpoint=_address(issuer, said, "authorization_endpoint"),
        token_endpoint=_address(issuer, said, "token_endpoint"),
        jwks_uri=_address(issuer, said, "jwks_uri"),
        userinfo_endpoint=_address(issuer, said, "userinfo_endpoint")
        if "userinfo_endpoint" in said
        else None,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(issuer: str, said: Mapping[str, Any], name: str) -> str:
    """Return an address that is as safe as an issuer's must be."""
    address = said.get(name)
    if not isinstance(address, str) or not is_safe_address(address):
        raise ProviderUnreachable(issuer=issuer, reason=f"its {name} is no https address")
    return address


def _key_set(issuer: str, address: str) -> KeySet:
    """Return the keys for signatures that anyone may check: a shared secret is none."""
    listed = fetch_json(issuer, address).get("keys")
    fitting = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": fitting})
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderUnreachable(issuer=issuer, reason=f"its keys: {type(error).__name__}") from None
