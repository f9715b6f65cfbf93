"""The cookies of a sign-in. Over https they are bound to this host; plain loopback cannot ask for that."""

from typing import Final

from fastapi import Request, Response

_SESSION: Final = "rollbook"
_FORM: Final = "rollbook_form"
_DEVICE: Final = "rollbook_device"
_PENDING: Final = "rollbook_pending"
_DISTRICT: Final = "rollbook_district"
_PENDING_S: Final = 600
_HALF_A_YEAR_S: Final = 180 * 86_400


def session_token(request: Request) -> str | None:
    """Return the session token that the browser shows."""
    return request.cookies.get(_name(request, _SESSION))


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its session token, until it is closed."""
    _set(request, response, _SESSION, token)


def end_session(request: Request, response: Response) -> None:
    """Take the session token back."""
    _end(request, response, _SESSION)


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


def pending(request: Request) -> str | None:
    """Return what the browser kept of a sign-in that is under way at a provider."""
    return request.cookies.get(_name(request, _PENDING))


def set_pending(request: Request, response: Response, value: str) -> None:
    """Let the browser keep it until it comes back."""
    _set(request, response, _PENDING, value, max_age=_PENDING_S)


def end_pending(request: Request, response: Response) -> None:
    """Take it back: an answer is taken once."""
    _end(request, response, _PENDING)


def district(request: Request) -> str:
    """Return the district whose ways in were offered to this browser before."""
    return request.cookies.get(_name(request, _DISTRICT), "")[:63]


def set_district(request: Request, response: Response, slug: str) -> None:
    """Let the browser remember its district: the sign-in page then offers the same ways in."""
    _set(request, response, _DISTRICT, slug, max_age=_HALF_A_YEAR_S)


def _end(request: Request, response: Response, kind: str) -> None:
    name = _name(request, kind)
    response.delete_cookie(name, secure=_is_secure(request), httponly=True, samesite="lax")


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
