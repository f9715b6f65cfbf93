"""What the API says of itself: FastAPI's document, with what only the doors know.

That is how a program shows who it is, and what the guards before every endpoint may answer.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rollbook.ui.problems import GUARDS, PROBLEM_SCHEMA, refusal

_SHOWN_BY: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token that POST /oauth/token gave for one.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "rollbook", "description": "A browser's sign-in."},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version="1", routes=app.routes)
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SHOWN_BY
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for path in document["paths"].values():
        for operation in path.values():
            operation["security"] = [{name: []} for name in _SHOWN_BY]
            _add_guards(operation)
    _tell_local_times(document)
    return document


def _tell_local_times(part: object) -> None:
    """Say of each time of day that it has no zone: JSON Schema's "time" is one with a zone."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and part.get("format") == "time":
        part["format"] = "time-local"
    for each in inner:
        _tell_local_times(each)


def _add_guards(operation: dict[str, Any]) -> None:
    statuses = {str(status): refusal(sentence) for status, sentence in GUARDS.items()}
    operation["responses"] = statuses | operation["responses"]
