"""A user's own account: where they are signed in, and their password."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from rollbook.accounts import cookies, service, sessions
from rollbook.accounts.pages import Turn, tries_of
from rollbook.accounts.passwords import LONGEST, SHORTEST, SHORTEST_OF_TWO
from rollbook.accounts.preferences import START_PAGES, prefer_start_page, start_page
from rollbook.accounts.second_factor import has_second_factor
from rollbook.accounts.service import PasswordWrong
from rollbook.accounts.signed_in import Account, AtAccount, arrival_of
from rollbook.accounts.throttle import Throttle, TooManyTries
from rollbook.core.errors import Invalid
from rollbook.ui.forms import check_form
from rollbook.ui.page import render, sentence_of

router = APIRouter(include_in_schema=False, prefix="/account")

Text = Annotated[str, Form(max_length=2000)]


class PasswordsDiffer(Invalid):
    """The two new passwords are not the same. Nothing was changed."""


@router.get("")
def account(request: Request, at: AtAccount) -> Response:
    """Who one is here, and where one is signed in."""
    context = {
        "user": at.user,
        "sessions": sessions.list_sessions(at.db, at.user),
        "here": at.session,
        "start": start_page(at.db, at.user),
        "start_pages": START_PAGES,
        "has_second_factor": has_second_factor(at.db, at.user),
    }
    return render(request, "accounts/account.html", context, frame=at.frame)


@router.post("/start")
def choose_start(at: AtAccount, start: Text, form_token: Text = "") -> Response:
    """Begin at this page after signing in, from now on."""
    check_form(form_token, at.token)
    prefer_start_page(at.db, at.user, start)
    return _to("/account")


@router.post("/sessions/end")
def end_session(at: AtAccount, session_id: Annotated[UUID, Form()], form_token: Text = "") -> Response:
    """Sign out on another device."""
    check_form(form_token, at.token)
    sessions.end_session(at.db, at.user, session_id)
    return _to("/account")


@router.post("/sessions/end-others")
def end_other_sessions(at: AtAccount, form_token: Text = "") -> Response:
    """Sign out everywhere but here."""
    check_form(form_token, at.token)
    sessions.end_sessions(at.db, at.user, keep=at.session.session_id)
    return _to("/account")


@router.post("/sign-out-everywhere")
def sign_out_everywhere(request: Request, at: AtAccount, form_token: Text = "") -> Response:
    """Sign out everywhere, here too."""
    check_form(form_token, at.token)
    sessions.end_sessions(at.db, at.user)
    response = _to("/sign-in")
    cookies.end_session(request, response)
    return response


@router.get("/password")
def password_page(request: Request, at: AtAccount) -> Response:
    """The form."""
    return _password_form(request, at)


@router.post("/password", dependencies=[Turn])
def change_password(  # noqa: PLR0913, PLR0917 -- the form's fields
    request: Request,
    at: AtAccount,
    form_token: Text = "",
    present: Text = "",
    new: Text = "",
    again: Text = "",
) -> Response:
    """Change it, end every session, and begin a new one here; or the form again, with what is wrong."""
    check_form(form_token, at.token)
    throttle: Throttle = request.app.state.throttle
    tries = tries_of(request, at.user.email)
    try:
        throttle.begin(tries)
        if new != again:
            raise PasswordsDiffer
        service.change_password(at.db, at.user, present, new)
    except TooManyTries as error:
        return _password_form(request, at, fault=sentence_of(error), status=429)
    except Invalid as error:
        if not isinstance(error, PasswordWrong):
            throttle.succeeded(tries)
        return _password_form(request, at, fault=sentence_of(error), status=422)
    throttle.succeeded(tries)
    response = _to("/account")
    begin_again(request, at, response, second_factor_at=at.session.second_factor_at)
    return response


def begin_again(
    request: Request, at: Account, response: Response, *, second_factor_at: datetime | None
) -> None:
    """Give the browser a session with another token instead of the one it has."""
    arrival = arrival_of(request).within(at.session)
    begun = sessions.begin_session(at.db, at.user, arrival, second_factor_at=second_factor_at)
    cookies.set_session(request, response, begun.token)


def _password_form(request: Request, at: Account, *, fault: str | None = None, status: int = 200) -> Response:
    shortest = SHORTEST_OF_TWO if has_second_factor(at.db, at.user) else SHORTEST
    context = {"user": at.user, "fault": fault, "shortest": shortest, "longest": LONGEST}
    return render(request, "accounts/password.html", context, status_code=status, frame=at.frame)


def _to(path: str) -> Response:
    return Response(status_code=303, headers={"Location": path})
