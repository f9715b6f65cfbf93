"""Real Chromium: accessible in every look and width, by keyboard, without script, light in weight."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import pytest
from playwright.sync_api import Page, Request, expect

from web import cast as the_cast
from web.browser import DESK, PHONE, TABLET, looks, violations

OpenAs = Callable[..., Page]

PAGES: Final = {
    "sign-in": (None, "/sign-in"),
    "caseload": ("district_admin", "/caseload"),
    "caseload of a course tenant": ("olga@open.example", "/caseload"),
    "caseload, filtered to nobody": ("district_admin", "/caseload?q=nobody+at+all"),
    "caseload of who sees nobody": ("nobody@oak.example", "/caseload"),
    "student": ("district_admin", "/students/{ada}"),
    "student without a record": ("district_admin", "/students/{unscored}"),
    "student in a course": ("olga@open.example", "/students/{graduate}"),
    "students": ("district_admin", "/students"),
    "students, filtered to nobody": ("district_admin", "/students?q=nobody+at+all"),
    "students of who sees nobody": ("nobody@oak.example", "/students"),
    "schools": ("district_admin", "/schools"),
    "school": ("district_admin", "/schools/{oak}"),
    "school without a calendar": ("teacher", "/schools/{elm}"),
    "sections": ("district_admin", "/sections"),
    "sections, filtered to none": ("district_admin", "/sections?q=none+at+all"),
    "section": ("district_admin", "/sections/{algebra}"),
    "section of which nobody is seen": ("nobody@oak.example", "/sections/{algebra}"),
    "section of a university": ("olga@open.example", "/sections/{module}"),
    "audit": ("district_admin", "/audit"),
    "operations": ("district_admin", "/admin/operations"),
    "why": ("district_admin", "/admin/why?email=principal%40oak.example&student=S0001"),
    "account": ("district_admin", "/account"),
    "conduct": ("district_admin", "/conduct"),
    "conduct, filtered to nothing": ("principal", "/conduct?type=none+at+all"),
    "conduct of who sees nobody": ("nobody@oak.example", "/conduct"),
    "conduct of a university": ("olga@open.example", "/conduct"),
    "gradebook": ("teacher", "/sections/{algebra}/gradebook"),
    "gradebook without work": ("olga@open.example", "/sections/{module}/gradebook"),
    "pe": ("district_admin", "/pe?since=2025-09-01&until=2025-12-31"),
    "pe of a university": ("olga@open.example", "/pe"),
    "pe of who sees nobody": ("nobody@oak.example", "/pe"),
    "lesson plan": ("teacher", "/lesson-plans/{lesson}"),
}


def shown(text: str) -> str:
    """Return the text with the dash that the page has between numbers."""
    return text.replace("-", "\N{EN DASH}")


def path_of(page: str, world: the_cast.World) -> tuple[str | None, str]:
    who, path = PAGES[page]
    return who, path.format(**asdict(world))


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(open_as: OpenAs, world: the_cast.World, page: str) -> None:
    who, path = path_of(page, world)
    window = open_as(who)
    answer = window.goto(path)
    assert answer is not None
    assert answer.status == 200
    window.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    for look in looks(window, DESK, PHONE):
        assert violations(window) == [], look


def test_axe_finds_what_is_there(open_as: OpenAs) -> None:
    """The positive control: the check above can fail."""
    window = open_as(None)
    window.goto("/sign-in")
    window.evaluate("document.querySelectorAll('label').forEach(label => label.remove())")

    assert any(fault.startswith("label:") for fault in violations(window))


def test_a_page_that_is_not_there_is_accessible_too(open_as: OpenAs) -> None:
    window = open_as("district_admin", color_scheme="dark")
    with window.expect_response("**/students/x") as answer:
        window.goto("/students/x")

    assert answer.value.status == 422
    assert violations(window) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_scrolls_sideways(open_as: OpenAs, world: the_cast.World, page: str) -> None:
    who, path = path_of(page, world)
    window = open_as(who)
    window.goto(path)
    window.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    for size in (PHONE, TABLET, DESK):
        window.set_viewport_size(size)
        assert window.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, size


def test_targets_are_24_pixels_or_more(open_as: OpenAs, world: the_cast.World) -> None:
    window = open_as("district_admin", viewport=PHONE)
    for path in {path for who, path in PAGES.values() if who == "district_admin"}:
        window.goto(path.format(**asdict(world)))
        small = window.evaluate(
            "[...document.querySelectorAll('a:not(.skip),button,input:not([type=hidden]),select,summary')]"
            ".filter(e => e.getClientRects().length && !e.closest('thead'))"
            ".filter(e => e.getBoundingClientRect().height < 24 && !e.classList.contains('row'))"
            ".map(e => e.outerHTML)"
        )

        assert small == []


def test_from_sign_in_to_a_student_by_keyboard_alone(open_as: OpenAs, address: str) -> None:
    window = open_as(None)
    window.goto("/caseload")
    keys = window.keyboard
    keys.type("principal@oak.example")
    keys.press("Tab")
    keys.type(the_cast.PASSWORD)
    keys.press("Enter")
    window.wait_for_url(f"{address}/caseload")

    keys.press("j")
    keys.press("j")
    keys.press("k")
    first = window.locator("a.row").first
    expect(first).to_be_focused()
    name = first.inner_text()
    keys.press("Enter")
    expect(window.locator("h1")).to_have_text(name)
    assert "/students/" in window.url


def test_a_slash_searches_and_the_register_follows(open_as: OpenAs) -> None:
    window = open_as("district_admin")
    window.goto("/caseload")
    window.keyboard.press("/")
    expect(window.locator("#search")).to_be_focused()
    window.keyboard.type("abara")
    window.keyboard.press("Enter")

    expect(window.get_by_role("status")).to_have_text(shown("1-13 of 13 that fit the filter"))
    assert "q=abara" in window.url
    window.select_option("select[name=school]", "ELM")
    expect(window.get_by_role("status")).to_have_text(shown("1-5 of 5 that fit the filter"))
    window.go_back()
    expect(window.get_by_role("status")).to_have_text(shown("1-13 of 13 that fit the filter"))


def test_the_first_line_follows_the_filter_and_the_focus_stays(open_as: OpenAs) -> None:
    window = open_as("district_admin")
    window.goto("/caseload")
    dates = window.get_by_label("List of")
    dates.focus()
    dates.select_option("2025-10-07")

    expect(window.locator("h1")).to_contain_text("as of Tue\N{NO-BREAK SPACE}7\N{NO-BREAK SPACE}Oct")
    expect(dates).to_be_focused()
    expect(window.locator("#category")).to_contain_text("On track (")
    assert window.locator("#category").inner_text() != _levels_of_the_newest(open_as)
    assert "as_of=2025-10-07" in (window.locator("#back").get_attribute("value") or "")


def _levels_of_the_newest(open_as: OpenAs) -> str:
    window = open_as("district_admin")
    window.goto("/caseload")
    return window.locator("#category").inner_text()


def test_a_filter_that_fails_says_so(open_as: OpenAs) -> None:
    window = open_as("district_admin")
    window.goto("/caseload")
    window.route("**/caseload?*", lambda asked: asked.continue_(url=asked.request.url + "&after=rubbish"))
    window.select_option("select[name=school]", "ELM")

    expect(window.locator("h1")).to_contain_text("This page's cursor is not one that Rollbook made.")


def test_a_click_anywhere_in_a_row_opens_the_student(open_as: OpenAs) -> None:
    window = open_as("district_admin")
    window.goto("/caseload")
    name = window.locator("a.row").nth(3).inner_text()
    box = window.locator("tbody tr").nth(3).locator(".col-why").bounding_box()
    assert box is not None
    window.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(window.locator("h1")).to_have_text(name)


def test_from_a_school_to_its_class_to_a_student(open_as: OpenAs, world: the_cast.World) -> None:
    window = open_as("principal")
    window.goto("/schools")
    window.get_by_role("link", name="Oak High School").click()
    window.get_by_role("link", name="Algebra I").click()
    expect(window.locator("h1")).to_contain_text("of yours are in Algebra I, section 2025F.")
    window.keyboard.press("j")
    name = window.locator("a.row").first.inner_text()
    window.keyboard.press("Enter")

    expect(window.locator("h1")).to_have_text(name)
    window.get_by_role("link", name="Algebra I").click()
    assert window.url.endswith(f"/sections/{world.algebra}")


def test_the_register_of_students_follows_its_filter(open_as: OpenAs) -> None:
    window = open_as("district_admin")
    window.goto("/students")
    window.select_option("select[name=school]", "ELM")
    expect(window.get_by_role("status")).to_have_text(shown("1-44 of 44 that fit the filter"))
    window.get_by_role("link", name="Number").click()
    expect(window.locator("a.row").first).to_have_text("Ada Abara")
    assert "school=ELM" in window.url
    assert "sort=number" in window.url


def test_all_is_read_without_script(open_as: OpenAs, world: the_cast.World) -> None:
    window = open_as(None, java_script_enabled=False)
    window.goto(f"/students/{world.ada}")
    window.fill("#email", "district_admin@oak.example")
    window.fill("#password", the_cast.PASSWORD)
    window.click("main button")
    expect(window.locator("h1")).to_have_text("Ben Abara")
    window.get_by_text("Scores as a table").click()
    expect(window.get_by_role("cell", name="80%")).to_be_visible()

    window.goto("/caseload")
    window.fill("#search", "abara")
    window.select_option("select[name=school]", "ELM")
    window.get_by_role("button", name="Show").click()
    expect(window.get_by_role("status")).to_have_text(shown("1-5 of 5 that fit the filter"))
    window.get_by_role("link", name="Clear").click()
    window.get_by_role("link", name="Next →").click()
    expect(window.get_by_role("status")).to_have_text(shown("51-100 of 130"))
    window.get_by_role("button", name="Dark").click()
    assert window.locator("html").get_attribute("data-look") == "dark"
    window.get_by_role("button", name="Sign out").click()
    expect(window.locator("h1")).to_have_text("Sign in")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_weighs_little_and_asks_nobody_else(
    open_as: OpenAs, world: the_cast.World, address: str, page: str
) -> None:
    who, path = path_of(page, world)
    window = open_as(who)
    finished: list[Request] = []
    window.on("requestfinished", lambda asked: finished.append(asked))  # noqa: PLW0108 -- no built-in is taken
    window.goto(path, wait_until="networkidle")

    # asked only now: within the event, the answer may still be on its way when all else is over
    weights = {asked.url: asked.sizes()["responseBodySize"] for asked in finished}
    assert all(url.startswith(address) for url in weights)
    assert 10_000 < sum(weights.values()) < 50_000, weights
    assert len(window.content()) < 100_000, "and not much to lay out"


def test_a_student_prints_on_two_pages_without_navigation(open_as: OpenAs, world: the_cast.World) -> None:
    window = open_as("counselor")
    window.goto(f"/students/{world.ada}")
    paper = window.pdf(format="Letter")
    window.emulate_media(media="print")

    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type/Page/") <= 2
    for part in ("nav", ".me", ".foot"):
        expect(window.locator(part).first).to_be_hidden()
    expect(window.get_by_text("Synthetic data.")).to_be_visible()
