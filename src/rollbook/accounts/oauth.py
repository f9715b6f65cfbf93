"""The token endpoint of OAuth 2 for services (client credentials, RFC 6749 section 4.4)."""

import base64
import binascii
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from rollbook.accounts.keys import ClientInvalid, Issued, Scope, ScopeMissing, issue_token
from rollbook.accounts.pages import Db

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=2000)]
_BASIC: Final = "basic "


def _basic(request: Request) -> tuple[str, str] | None:
    """Return the client's id and secret from the header ``Authorization``, if they are there."""
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(_BASIC):
        return None
    try:
        client_id, _, secret = base64.b64decode(header[len(_BASIC) :], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret


Basic = Annotated[tuple[str, str] | None, Depends(_basic)]


@router.post("/oauth/token")
def token(  # noqa: PLR0913, PLR0917 -- the form's fields
    db: Db,
    basic: Basic,
    grant_type: Text = "",
    scope: Text = "",
    client_id: Text = "",
    client_secret: Text = "",
) -> JSONResponse:
    """Give a service a token for some minutes."""
    if grant_type != "client_credentials":
        return _refusal(400, "unsupported_grant_type")
    named, secret = basic or (client_id, client_secret)
    try:
        issued = _issue(db, named, secret, scope)
    except ClientInvalid:
        return _refusal(401, "invalid_client")
    except (ScopeMissing, ValueError):
        return _refusal(400, "invalid_scope")
    return JSONResponse(
        {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": " ".join(issued.scopes),
        }
    )


def _issue(db: Session, client_id: str, secret: str, scope: str) -> Issued:
    """Issue a token.

    Raises: ``ClientInvalid``; ``ScopeMissing``; ``ValueError`` for a scope that there is not.
    """
    return issue_token(db, client_id, secret, [Scope(name) for name in scope.split()])


def _refusal(status: int, error: str) -> JSONResponse:
    headers = {"WWW-Authenticate": 'Basic realm="Rollbook"'} if error == "invalid_client" else None
    return JSONResponse({"error": error}, status_code=status, headers=headers)
