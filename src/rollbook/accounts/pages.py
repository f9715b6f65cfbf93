"""Signing in and out."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.orm import Session

from rollbook.accounts import cookies, service, sessions
from rollbook.accounts.models import Awaited
from rollbook.accounts.service import SignInFailed
from rollbook.accounts.signed_in import arrival_of
from rollbook.accounts.throttle import Throttle, TooManyTries
from rollbook.ui.forms import check_form, form_token
from rollbook.ui.page import local_path, render, sentence_of

router = APIRouter(include_in_schema=False)


def _transaction(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as db, db.begin():
        yield db


async def _turn(request: Request) -> AsyncIterator[None]:
    """Let few sign in at once; the others wait here, with no thread and no connection that a page needs."""
    async with request.app.state.signing_in:
        yield


# The transaction ends before the answer is sent: who is told "signed in" is signed in.
Db = Annotated[Session, Depends(_transaction, scope="function")]
Text = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in")
def sign_in_page(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:  # noqa: A002 -- the parameter's name in the address
    """The form."""
    return _form(request, next_path=next)


@router.post("/sign-in", dependencies=[Depends(_turn, scope="function")])
def sign_in(  # noqa: PLR0913, PLR0917 -- the form's fields
    request: Request,
    db: Db,
    form_token: Text = "",
    email: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002 -- the field's name
) -> Response:
    """Begin a session and go where the user wanted; or the form again, with what is wrong."""
    check_form(form_token, cookies.form_secret(request))
    throttle: Throttle = request.app.state.throttle
    host = request.client.host if request.client else ""
    try:
        throttle.begin(email, host)
        signed_in = service.sign_in(db, email, password, arrival_of(request))
    except TooManyTries as error:
        return _form(request, next_path=next, email=email, fault=sentence_of(error), status=429)
    except SignInFailed as error:
        return _form(request, next_path=next, email=email, fault=sentence_of(error), status=401)
    throttle.succeeded(email, host)
    target = "/account/password" if signed_in.awaits is Awaited.NEW_PASSWORD else local_path(next)
    response = Response(status_code=303, headers={"Location": target})
    cookies.set_session(request, response, signed_in.token)
    return response


@router.post("/sign-out")
def sign_out(request: Request, db: Db, form_token: Text = "") -> Response:
    """End the session."""
    token = cookies.session_token(request)
    check_form(form_token, token)
    sessions.sign_out(db, token or "")
    response = Response(status_code=303, headers={"Location": "/sign-in"})
    cookies.end_session(request, response)
    return response


def _form(
    request: Request, *, next_path: str, email: str = "", fault: str | None = None, status: int = 200
) -> Response:
    secret = cookies.form_secret(request) or secrets.token_urlsafe(32)
    context = {
        "form_token": form_token(secret),
        "next": local_path(next_path),
        "email": email,
        "fault": fault,
    }
    response = render(request, "accounts/sign_in.html", context, status_code=status)
    cookies.set_form_secret(request, response, secret)
    return response
