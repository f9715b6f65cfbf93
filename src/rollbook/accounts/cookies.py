"""The cookies of a sign-in. Over https they are bound to this host; plain loopback cannot ask for that."""

from typing import Final

from fastapi import Request, Response

_SESSION: Final = "rollbook"
_FORM: Final = "rollbook_form"


def session_token(request: Request) -> str | None:
    """Return the session token that the browser shows."""
    return request.cookies.get(_name(request, _SESSION))


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its session token, until it is closed."""
    _set(request, response, _SESSION, token)


def end_session(request: Request, response: Response) -> None:
    """Take the session token back."""
    name = _name(request, _SESSION)
    response.delete_cookie(name, secure=_is_secure(request), httponly=True, samesite="lax")


def form_secret(request: Request) -> str | None:
    """Return what ties a form to this browser before anyone is signed in."""
    return request.cookies.get(_name(request, _FORM))


def set_form_secret(request: Request, response: Response, secret: str) -> None:
    """Give the browser its form secret."""
    _set(request, response, _FORM, secret)


def _set(request: Request, response: Response, kind: str, value: str) -> None:
    response.set_cookie(
        _name(request, kind), value, secure=_is_secure(request), httponly=True, samesite="lax", path="/"
    )


def _name(request: Request, kind: str) -> str:
    return f"__Host-{kind}" if _is_secure(request) else kind


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
