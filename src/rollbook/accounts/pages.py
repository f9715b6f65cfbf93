"""Signing in and out."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.orm import Session

from rollbook.accounts import cookies, service, sessions
from rollbook.accounts.devices import known_device, remember_device
from rollbook.accounts.models import Awaited
from rollbook.accounts.offers import offer_of
from rollbook.accounts.preferences import start_page
from rollbook.accounts.second_factor import CodeWrong, shown_code
from rollbook.accounts.service import SignInFailed
from rollbook.accounts.sessions import NotSignedIn, SignedIn
from rollbook.accounts.signed_in import arrival_of
from rollbook.accounts.throttle import Counter, Kind, Throttle, TooManyTries, counters
from rollbook.core.errors import RollbookError
from rollbook.ui.events import note, warn
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
Turn = Depends(_turn, scope="function")


@router.get("/sign-in")
def sign_in_page(
    request: Request,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 -- the parameter's name in the address
    district: Annotated[str, Query(max_length=63)] = "",
) -> Response:
    """The form, and the providers of the district."""
    return sign_in_form(request, next_path=next, district=district)


@router.post("/sign-in", dependencies=[Turn])
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
    tries = tries_of(request, email)
    try:
        throttle.begin(tries)
        signed_in = service.sign_in(db, email, password, arrival_of(request))
    except TooManyTries as error:
        note_failure(request, error)
        return sign_in_form(request, next_path=next, email=email, fault=sentence_of(error), status=429)
    except SignInFailed as error:
        note_failure(request, error)
        return sign_in_form(request, next_path=next, email=email, fault=sentence_of(error), status=401)
    throttle.succeeded(tries)
    return let_in(request, db, signed_in, next)


@router.get("/sign-in/code")
def code_page(request: Request, db: Db, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:  # noqa: A002 -- the parameter's name in the address
    """The form for the second factor."""
    found = _awaiting(request, db)
    return _code_form(request, db, found, next_path=next)


@router.post("/sign-in/code", dependencies=[Turn])
def show_code(
    request: Request,
    db: Db,
    form_token: Text = "",
    code: Text = "",
    next: Text = "/",  # noqa: A002 -- the field's name
) -> Response:
    """Go on with the sign-in; or the form again, with what is wrong."""
    check_form(form_token, cookies.session_token(request))
    found = _awaiting(request, db)
    throttle: Throttle = request.app.state.throttle
    tries = [Counter(Kind.CODE, str(found.user.user_id))]
    try:
        throttle.begin(tries)
        signed_in = service.show_code(db, found, code, arrival_of(request))
    except TooManyTries as error:
        note_failure(request, error, found.user.user_id)
        return _code_form(request, db, found, next_path=next, fault=sentence_of(error), status=429)
    except CodeWrong as error:
        note_failure(request, error, found.user.user_id)
        return _code_form(request, db, found, next_path=next, fault=sentence_of(error), status=401)
    throttle.succeeded(tries)
    return let_in(request, db, signed_in, next)


@router.post("/sign-out")
def sign_out(request: Request, db: Db, form_token: Text = "") -> Response:
    """End the session."""
    token = cookies.session_token(request)
    check_form(form_token, token)
    sessions.sign_out(db, token or "")
    response = Response(status_code=303, headers={"Location": "/sign-in"})
    cookies.end_session(request, response)
    return response


def tries_of(request: Request, email: str) -> list[Counter]:
    """Return what a try to be ``email`` counts against, by this request's sender and browser."""
    host = request.client.host if request.client else ""
    device = known_device(request.app.state.engine, email, cookies.device_token(request))
    return counters(email, host, device)


def let_in(request: Request, db: Session, signed_in: SignedIn, next_path: str) -> Response:
    """Give the browser its session, and send it on: to the code, to a new password, or where it wanted to."""
    where = local_path(next_path)
    response = Response(status_code=303)
    awaits = signed_in.awaits.value if signed_in.awaits else "nothing"
    note("signed in", user=signed_in.user.user_id, network=arrival_of(request).network, awaits=awaits)
    if signed_in.awaits is Awaited.CODE:
        where = f"/sign-in/code?next={quote(where)}"
    elif signed_in.awaits is Awaited.NEW_PASSWORD:
        where = "/account/password"
    elif where == "/":
        where = start_page(db, signed_in.user)
    if signed_in.awaits is not Awaited.CODE:
        device = remember_device(db, signed_in.user, cookies.device_token(request))
        cookies.set_device(request, response, device)
    response.headers["Location"] = where
    cookies.set_session(request, response, signed_in.token)
    return response


def note_failure(request: Request, error: RollbookError, user_id: UUID | None = None) -> None:
    """Write down that somebody did not get in: from where, and as whom they tried, if there is an account."""
    tried = [user_id] if user_id else error.facts.get("users") or []
    assert isinstance(tried, list)
    users = ",".join(map(str, tried)) or "nobody"
    warn("sign-in failed", code=error.code, user=users, network=arrival_of(request).network)


def _awaiting(request: Request, db: Session) -> sessions.Found:
    found = sessions.find_any_session(db, cookies.session_token(request) or "")
    if found.session.awaits is not Awaited.CODE:
        raise NotSignedIn
    return found


def sign_in_form(  # noqa: PLR0913 -- what stands in it
    request: Request,
    *,
    next_path: str,
    district: str = "",
    email: str = "",
    fault: str | None = None,
    status: int = 200,
) -> Response:
    """Return the ways in, and what went wrong with one."""
    secret = cookies.form_secret(request) or secrets.token_urlsafe(32)
    offer = offer_of(request, local_path(next_path), district)
    context = {
        "form_token": form_token(secret),
        "next": local_path(next_path),
        "offer": offer,
        "email": email,
        "fault": fault,
    }
    response = render(request, "accounts/sign_in.html", context, status_code=status)
    cookies.set_form_secret(request, response, secret)
    if offer.buttons:
        cookies.set_district(request, response, offer.district)
    return response


def _code_form(  # noqa: PLR0913 -- what stands in it
    request: Request,
    db: Session,
    found: sessions.Found,
    *,
    next_path: str,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    token = form_token(cookies.session_token(request) or "")
    context = {
        "form_token": token,
        "next": local_path(next_path),
        "fault": fault,
        "shown": shown_code(db, found.user),
    }
    return render(request, "accounts/code.html", context, status_code=status)
