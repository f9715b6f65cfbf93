"""Pages: templates found by room ("risk/caseload.html"), rendered with what every page needs."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from rollbook.core.errors import RollbookError
from rollbook.ui import charts, words

STATIC: Final = "/static"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a signed-in user's page."""

    tenant: str
    user: str
    is_synthetic: bool
    form_token: str
    time_zone: str
    is_family: bool = False

    @property
    def start(self) -> str:
        """Where the user begins: staff with whom needs a look, a family with its own."""
        return "/students" if self.is_family else "/"


class _RoomLoader(BaseLoader):
    """Finds "room/name.html" in that room's folder ``templates``."""

    def get_source(
        self, _environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        room, _, name = template.partition("/")
        file = files(f"rollbook.{room}").joinpath("templates", name)
        if not file.is_file():
            raise TemplateNotFound(template)
        return file.read_text(encoding="utf-8"), str(file), lambda: True


@cache
def environment() -> Environment:
    """Return the templates' environment: everything is escaped, a misspelt name is an error."""
    made = Environment(
        loader=_RoomLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= words.FILTERS
    made.globals |= {"static": static_url, "charts": charts, "look_of": look_of}
    return made


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status_code: int = 200,
    frame: Frame | None = None,
) -> HTMLResponse:
    """Return the page. htmx is sent the same page; it takes from it the part it asked for."""
    html = environment().get_template(template).render(request=request, frame=frame, **context)
    return HTMLResponse(html, status_code=status_code)


@cache
def static_url(name: str) -> str:
    """Return the URL of a file in ``static``; it changes when the file does, so browsers may keep it."""
    digest = hashlib.sha256(files("rollbook.ui").joinpath("static", name).read_bytes()).hexdigest()[:12]
    return f"{STATIC}/{name}?v={digest}"


def look_cookie(request: Request) -> str:
    """Return the name of the cookie that keeps the appearance; over https it is bound to this host."""
    return "__Host-rollbook_look" if request.url.scheme == "https" else "rollbook_look"


def look_of(request: Request) -> str:
    """Return the appearance that was chosen in this browser."""
    return request.cookies.get(look_cookie(request), "auto")


def sentence_of(error: RollbookError) -> str:
    """Return the error's message on one line."""
    return " ".join(str(error).split())


def local_path(address: str) -> str:
    """Return ``address`` if it is a path of our own site, else "/": nobody is sent elsewhere from here."""
    is_path = address.startswith("/") and address[1:2] not in ("/", "\\")
    return address if is_path and address.isprintable() and address.isascii() else "/"
