"""Forms: only a page of ours, shown to this browser, may send one."""

import hashlib
import hmac

from rollbook.core.errors import Forbidden


class FormStale(Forbidden):
    """This form was not sent from a page of this sign-in. Nothing was changed: reload the page, then send it again."""


def form_token(secret: str) -> str:
    """Return what a form carries to prove that its sender knows ``secret``, a cookie's value."""
    return hashlib.sha256(b"rollbook form " + secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_form(token: str, secret: str | None) -> None:
    """Check a form's token against the cookie's value.

    Raises: ``FormStale``.
    """
    expected = form_token(secret or "").encode()
    if not secret or not hmac.compare_digest(expected, token.encode("utf-8", "surrogatepass")):
        raise FormStale
