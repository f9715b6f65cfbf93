"""Real Chromium in a district where every text is a script: none runs, and no page breaks its own policy."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from rollbook.testing.databases import TestServer
from web import cast as the_cast
from web.clients import serving
from web.conftest import show_second_factor
from web.hostile.planted import plant
from web.hostile.routes import Way, facts_of, looking, ways

FILE_NAME = re.compile(r'attachment; filename="[A-Za-z0-9._-]{1,104}"')
WATCH = (
    "window.broken = [];"
    "document.addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective));"
)
FAULTS = """() => ({
    ran: 'probed' in window,
    elements: document.querySelectorAll('x-probe, body script:not([src]), iframe, object, embed').length,
    handlers: [...document.querySelectorAll('*')]
        .flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length,
    links: [...document.querySelectorAll('[href], [src], [action], [formaction]')]
        .map(e => e.href || e.src || e.action || '')
        .filter(to => !(to + '').startsWith(location.origin)).length,
    computed: document.body.innerText.includes('49 ${7*7}') || document.body.innerText.includes('${49}'),
    broken: window.broken,
})"""
FINE = {"ran": False, "elements": 0, "handlers": 0, "links": 0, "computed": False, "broken": []}


class District:
    """The district, served, and a browser at it."""

    def __init__(self, address: str, columns: list[str], facts: dict[str, str], page: Page) -> None:
        self.address, self.columns, self.facts, self.page = address, columns, facts, page

    def go(self, path: str) -> dict[str, Any]:
        """Open a page and return what is wrong with it."""
        self.page.goto(self.address + path)
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found: dict[str, Any] = self.page.evaluate(FAULTS)
        return found

    def paths(self) -> list[str]:
        """Return the address of every page and of every file of one."""
        return sorted({self._path(way) for way in ways() if not way.writes and not way.is_api})

    def _path(self, way: Way) -> str:
        needed = "&".join(f"{name}={value}" for name, value in way.needed(self.facts).items())
        days = "since=2025-09-01&until=2025-12-31" if "since" in way.query else ""
        query = "&".join(filter(None, (needed, days)))
        return way.address(self.facts) + (f"?{query}" if query else "")


@pytest.fixture(scope="module")
def district(rollbook_server: TestServer, browser: Browser) -> Iterator[District]:
    with rollbook_server.database() as lent:
        world = the_cast.build(lent.url, lent.owner_url)
        with looking(lent.owner_url) as db:
            facts = facts_of(db, world)
        columns = plant(lent.owner_url)
        with serving(lent.url, lent.owner_url) as address:
            context = browser.new_context()
            context.add_init_script(WATCH)
            page = _signed_in(context, address)
            show_second_factor(lent.owner_url, _session_of(context))
            yield District(address, columns, facts, page)
            context.close()


def _session_of(context: BrowserContext) -> str:
    return next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "rollbook")


def _signed_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#email", "district_admin@oak.example")
    page.fill("#password", the_cast.PASSWORD)
    page.click("main button")
    return page


def test_no_script_that_is_kept_runs_on_any_page(district: District) -> None:
    shown: set[str] = set()
    pages = [
        path for path in district.paths() if not re.search(r"\.(csv|json)\b|^/(health|ready|metrics)", path)
    ]
    for path in pages:
        assert district.go(path) == FINE, path
        text = district.page.content()
        shown |= {column for column in district.columns if column in text}

    assert len(pages) > 20
    assert len(shown) > 30, "they were planted, and are shown as text"


def test_a_script_that_is_searched_for_does_not_run(district: District) -> None:
    script = (
        "%3C/title%3E%22%27%3E%3Cx-probe%20onfocus=probed=1%20autofocus%3E%3Cscript%3Eprobed=1%3C/script%3E"
    )
    for way in ways():
        if way.writes or way.is_api or not way.query or "{kind}" in way.path or "." in way.path:
            continue
        for name in way.query:
            assert district.go(f"{way.address(district.facts)}?{name}={script}") == FINE, (way, name)


def test_a_script_that_did_run_would_be_noticed(district: District) -> None:
    district.go("/students")
    district.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<x-probe onfocus=a></x-probe>')")
    district.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'probed=1'}))"
    )
    found = district.page.evaluate(FAULTS)

    assert (found["elements"], found["handlers"]) == (2, 1)
    assert found["broken"], "and its policy stopped it"
    assert not found["ran"]


def test_no_file_has_a_formula_or_a_name_of_somebodys_choice(district: District) -> None:
    files = [path for path in district.paths() if ".csv" in path]
    for path in files:
        answer = district.page.request.get(district.address + path)

        assert answer.status == 200, path
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert FILE_NAME.fullmatch(answer.headers["content-disposition"]), path
        cells = [
            cell for row in csv.reader(io.StringIO(answer.text().removeprefix("\ufeff"))) for cell in row
        ]
        numbers = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))]
        assert [cell for cell in numbers if not cell.removeprefix("-").replace(".", "").isdigit()] == []
    assert len(files) > 8


def test_a_browser_keeps_nothing_and_shows_nothing_after_signing_out(district: District) -> None:
    page = district.page
    student = f"/students/{district.facts['student_id']}"
    district.go(student)
    heading = page.inner_text("h1")
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.click("form[action='/sign-out'] button")
    page.wait_for_url("**/sign-in*")
    page.go_back()

    assert page.url.split("?")[0].endswith("/sign-in")
    assert heading not in page.content()
