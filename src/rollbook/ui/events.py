"""What somebody who looks after the site must be able to find again: who came in, and who was refused.

A line each in the log of requests, with the request's id and route. A user is an id there, a place a network:
never a name, an address of mail, or what was sent.
"""

from typing import Final

import structlog
from fastapi import Request

from rollbook.core.acting import acting
from rollbook.core.errors import RollbookError

_log = structlog.get_logger("rollbook.security")
REFUSALS: Final = frozenset({401, 403, 404, 409, 429})
# What everybody is answered who comes without a sign-in, or types an address wrong.
_COMMON: Final = frozenset({"NotSignedIn"})


def note(event: str, **facts: object) -> None:
    """Write a line of what happened on this request, as it should."""
    _log.info(event, request_id=acting().request_id, at=acting().at, **facts)


def warn(event: str, **facts: object) -> None:
    """Write a line of what somebody was not let do on this request."""
    _log.warning(event, request_id=acting().request_id, at=acting().at, **facts)


def note_refusal(request: Request, error: RollbookError) -> None:
    """Write down who was refused what, where that is more than having come without a sign-in."""
    if error.http_status in REFUSALS and error.code not in _COMMON:
        warn("refused", code=error.code, status=error.http_status, user=known_user(request))


def known_user(request: Request) -> str:
    """Return the id of who is signed in, as far as the request got."""
    return str(getattr(request.state, "user_id", None) or "nobody")
