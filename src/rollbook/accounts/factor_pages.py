"""A user's second factor: setting it up, and taking it away."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from rollbook.accounts import second_factor, sessions
from rollbook.accounts.account_pages import begin_again
from rollbook.accounts.pages import Turn
from rollbook.accounts.second_factor import CodeWrong
from rollbook.accounts.sessions import PasswordChangeNeeded
from rollbook.accounts.signed_in import Account, AtAccount
from rollbook.accounts.throttle import Counter, Kind, TooManyTries
from rollbook.core import clock
from rollbook.core.errors import RollbookError
from rollbook.ui.forms import check_form
from rollbook.ui.page import local_path, render, sentence_of

router = APIRouter(include_in_schema=False, prefix="/account/second-factor")

Text = Annotated[str, Form(max_length=2000)]


@router.get("")
def second_factor_page(
    request: Request,
    at: AtAccount,
    next: Annotated[str, Query(max_length=8000)] = "",  # noqa: A002 -- the parameter's name in the address
) -> Response:
    """What there is, or how to set it up, for the page ``next`` that asked for it."""
    _check_complete(at)
    return _page(request, at, back=next)


@router.post("", dependencies=[Turn])
def set_up(
    request: Request,
    at: AtAccount,
    form_token: Text = "",
    code: Text = "",
    next: Annotated[str, Form(max_length=8000)] = "",  # noqa: A002 -- the field's name
) -> Response:
    """Ask for a code from now on; show the recovery codes, this once. Every other session ends."""
    check_form(form_token, at.token)
    _check_complete(at)
    try:
        _begin_try(request, at)
        codes = second_factor.confirm(at.db, at.user, code)
    except (CodeWrong, TooManyTries) as error:
        return _page(request, at, fault=error, back=next)
    _succeeded(request, at)
    sessions.end_sessions(at.db, at.user, keep=at.session.session_id)
    response = _page(request, at, codes=codes, back=next)
    begin_again(request, at, response, second_factor_at=clock.now())
    return response


@router.post("/remove", dependencies=[Turn])
def remove(request: Request, at: AtAccount, form_token: Text = "", code: Text = "") -> Response:
    """Let the password be enough again. Every other session ends."""
    check_form(form_token, at.token)
    _check_complete(at)
    try:
        _begin_try(request, at)
        second_factor.check_code(at.db, at.user, code)
    except (CodeWrong, TooManyTries) as error:
        return _page(request, at, fault=error)
    _succeeded(request, at)
    second_factor.remove(at.db, at.user)
    sessions.end_sessions(at.db, at.user, keep=at.session.session_id)
    response = Response(status_code=303, headers={"Location": "/account"})
    begin_again(request, at, response, second_factor_at=None)
    return response


def _check_complete(at: Account) -> None:
    """Let nobody who was only given a password tie an app to the account."""
    if at.session.awaits is not None:
        raise PasswordChangeNeeded


def _begin_try(request: Request, at: Account) -> None:
    request.app.state.throttle.begin([Counter(Kind.CODE, str(at.user.user_id))])


def _succeeded(request: Request, at: Account) -> None:
    request.app.state.throttle.succeeded([Counter(Kind.CODE, str(at.user.user_id))])


def _page(
    request: Request,
    at: Account,
    *,
    codes: Sequence[str] = (),
    fault: RollbookError | None = None,
    back: str = "",
) -> Response:
    is_set_up = second_factor.has_second_factor(at.db, at.user)
    context = {
        "codes": codes,
        "enrolment": None if is_set_up else second_factor.enrol(at.db, at.user),
        "shown": second_factor.shown_code(at.db, at.user),
        "left": second_factor.recovery_codes_left(at.db, at.user),
        "fault": sentence_of(fault) if fault else None,
        "back": local_path(back) if back else "",
    }
    status = fault.http_status if fault else 200
    return render(request, "accounts/second_factor.html", context, status_code=status, frame=at.frame)
