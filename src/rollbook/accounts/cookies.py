"""The cookies of a sign-in. Over https they are bound to this host; plain loopback cannot ask for that."""

from typing import Final

from fastapi import Request, Response

_SESSION: Final = "rollbook"
_FORM: Final = "rollbook_form"
_DEVICE: Final = "rollbook_device"
_HALF_A_YEAR_S: Final = 180 * 86_400


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


def device_token(request: Request) -> str | None:
    """Return what says that this browser was signed in with before."""
    return request.cookies.get(_name(request, _DEVICE))


def set_device(request: Request, response: Response, token: str) -> None:
    """Let this browser be known for half a year; that opens nothing."""
    _set(request, response, _DEVICE, token, max_age=_HALF_A_YEAR_S)


def _set(request: Request, response: Response, kind: str, value: str, *, max_age: int | None = None) -> None:
    response.set_cookie(
        _name(request, kind),
        value,
        max_age=max_age,
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
        path="/",
    )


def _name(request: Request, kind: str) -> str:
    return f"__Host-{kind}" if _is_secure(request) else kind


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
