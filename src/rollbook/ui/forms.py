"""Forms: only a page of ours, shown to this browser, may send one."""

import hashlib
import hmac
import secrets
from typing import Final

from rollbook.core.errors import Forbidden
from rollbook.ui.events import warn

_SALT: Final = 16


class FormStale(Forbidden):
    """This form is no longer valid. Nothing was changed: reload the page, then send it again."""


def form_token(secret: str) -> str:
    """Return what a form carries to prove that its sender knows ``secret``, a cookie's value.

    Another each time, so that the length of a compressed page tells nothing of it.
    """
    return _seal(secrets.token_hex(_SALT), secret)


def check_form(token: str, secret: str | None) -> None:
    """Check a form's token against the cookie's value.

    Raises: ``FormStale``.
    """
    expected = _seal(token[: 2 * _SALT], secret or "").encode("utf-8", "surrogatepass")
    if not secret or not hmac.compare_digest(expected, token.encode("utf-8", "surrogatepass")):
        warn("form refused")
        raise FormStale


def _seal(salt: str, secret: str) -> str:
    sealed = f"rollbook form {salt} {secret}".encode("utf-8", "surrogatepass")
    return salt + hashlib.sha256(sealed).hexdigest()
