"""Errors as the user reads them: a page for people, application/problem+json for programs. Nothing leaks."""

import json
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from rollbook.core import retrying
from rollbook.core.archived import archived_month
from rollbook.core.errors import RollbookError, Unauthenticated
from rollbook.core.pool import PoolExhausted
from rollbook.ui.events import note_refusal
from rollbook.ui.page import Frame, render, sentence_of

PROBLEM_SCHEMA: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457",
    "required": ["title", "status", "detail", "code"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "code": {"type": "string", "description": "stable, for programs"},
    },
}


def refusal(description: str) -> dict[str, Any]:
    """Return how the API's document describes an answer that is a problem."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    401: refusal("Not signed in"),
    404: refusal("No such record, or not yours to see"),
    422: refusal("A value that cannot be"),
}
GUARDS: Final = {
    400: "Not readable, or readable in two ways",
    403: "Not yours to do, or sent by another site",
    408: "Took too long to arrive",
    413: "Too large",
    414: "The address is too long",
    415: "Not JSON, or packed",
    421: "Not this site's name",
    431: "Headers too large",
    503: "The database does not answer",
}
"""What the guards before every endpoint may answer."""
_BUSY: Final = "The database does not answer, or took too long. Nothing was changed: try again in a minute."
_UNEXPECTED: Final = "Rollbook failed here, and has noted where. Nothing was changed."
_BUSY_S: Final = 5
_READING: Final = frozenset({"GET", "HEAD"})
_log = structlog.get_logger("rollbook.web")
_SENTENCES: Final = {
    400: "The request could not be read.",
    404: "There is no such page, or it is not yours to see.",
    405: "This address cannot be used that way.",
}


def install(app: FastAPI) -> None:
    """Let every error of ``app`` end as a page or a problem."""
    app.add_exception_handler(RollbookError, _rollbook_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(PoolTimeout, _database_error)


def problem(request: Request, status: int, sentence: str, *, code: str | None = None) -> Response:
    """Return the error in the form that the client reads."""
    if _is_program(request):
        return plain_problem(status, sentence, code=code)
    frame: Frame | None = getattr(request.state, "frame", None)
    context = {"title": HTTPStatus(status).phrase, "sentence": sentence, "status": status}
    return render(request, "ui/problem.html", context, status_code=status, frame=frame)


def plain_problem(status: int, sentence: str, *, code: str | None = None) -> Response:
    """Return application/problem+json."""
    title = HTTPStatus(status).phrase
    document = {"title": title, "status": status, "detail": sentence, "code": code or title.replace(" ", "")}
    return Response(json.dumps(document), status_code=status, media_type="application/problem+json")


def unexpected(request: Request) -> Response:
    """Return what a failure of our own looks like from outside."""
    return problem(request, 500, _UNEXPECTED)


def _is_program(request: Request) -> bool:
    path = request.url.path
    if path.startswith("/api/") or path in ("/health", "/ready", "/metrics"):
        return True
    accepts = request.headers.get("accept", "")
    if path.endswith((".json", ".csv")):
        return "html" not in accepts  # a person who follows a link is led on
    return "json" in accepts and "html" not in accepts


def _rollbook_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RollbookError)
    retrying.note_error(error)
    note_refusal(request, error)
    if isinstance(error, PoolExhausted):
        _log.warning("no connection left", holders=error.facts["holders"])
    if isinstance(error, Unauthenticated) and not _is_program(request):
        return _to_sign_in(request)
    if error.page and not _is_program(request):
        leads_back = error.page.endswith("=") and request.method in _READING
        return _to_page(request, error.page + (quote(_here(request)) if leads_back else ""))
    response = problem(request, error.http_status, sentence_of(error), code=error.code)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="Rollbook"'
    return response


def _to_sign_in(request: Request) -> Response:
    """Send a person to the sign-in page, and from there back to where they were going."""
    where = _here(request)
    target = "/sign-in" if where == "/" or request.method != "GET" else f"/sign-in?next={quote(where)}"
    return _to_page(request, target)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _to_page(request: Request, target: str) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": target})
    return Response(status_code=303, headers={"Location": target})


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = _SENTENCES.get(error.status_code, HTTPStatus(error.status_code).description + ".")
    response = problem(request, error.status_code, sentence)
    response.headers.update(error.headers or {})
    return response


def _invalid(request: Request, error: Exception) -> Response:
    """Name the fields that are wrong, and never what was sent."""
    assert isinstance(error, RequestValidationError)
    # after ("query", name) comes the kind of value that was tried, which tells a person nothing
    names = sorted({str(fault["loc"][:2][-1]) for fault in error.errors()})
    return problem(request, 422, f"These values cannot be: {', '.join(names)}.", code="Invalid")


def _database_error(request: Request, error: Exception) -> Response:
    retrying.note_error(error)
    if (told := archived_month(error)) is not None:
        return _rollbook_error(request, told)
    if not isinstance(error, OperationalError | PoolTimeout):
        raise error
    if request.method not in _READING and retrying.is_fate_unknown(error):
        return _rollbook_error(request, retrying.FateUnknown())
    response = problem(request, 503, _BUSY, code="Unavailable")
    response.headers["Retry-After"] = str(_BUSY_S)
    return response
