"""Take the pictures of docs/images from a demo that is being served.

``rollbook demo --json`` prints the address and the sign-ins. The password comes from ROLLBOOK_PASSWORD:
``ROLLBOOK_PASSWORD=... scripts/screenshots.py http://127.0.0.1:8000 district.admin@demo.example``
So that the page of operations has something to tell, before that: ``rollbook backup create``,
``rollbook backup drill``, ``rollbook health --note``.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, StorageState, ViewportSize, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
PICTURES: tuple[tuple[str, ViewportSize, Literal["light", "dark"]], ...] = (
    ("caseload", DESK, "light"),
    ("student", DESK, "light"),
    ("student-dark", DESK, "dark"),
    ("caseload-phone", PHONE, "light"),
    ("student-phone", PHONE, "light"),
    ("operations", DESK, "light"),
)


def main(address: str, email: str) -> int:
    """Sign in once, then take each picture in a window of its own."""
    path = os.environ.get("ROLLBOOK_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        state, student = _sign_in(browser, address, email)
        paths = {"caseload": "/caseload", "student": student, "operations": "/admin/operations"}
        for name, size, look in PICTURES:
            window = browser.new_page(viewport=size, color_scheme=look, storage_state=state)
            window.goto(address + paths[name.partition("-")[0]])
            window.screenshot(path=IMAGES / f"{name}.png")
            print(f"docs/images/{name}.png")
        browser.close()
    return 0


def _sign_in(browser: Browser, address: str, email: str) -> tuple[StorageState, str]:
    """Return the browser's cookies, and the path of a student whose score rose the most."""
    page = browser.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#email", email)
    page.fill("#password", os.environ["ROLLBOOK_PASSWORD"])
    page.click("main button")
    page.goto(f"{address}/admin/operations")
    if page.locator("#code").count():  # a made-up district shows the code that an app would
        page.fill("#code", page.locator(".note code").inner_text())
        page.click("main form button")
    page.goto(f"{address}/caseload?sort=change&category=critical")
    student = page.locator("a.row").first.get_attribute("href")
    assert student is not None
    return page.context.storage_state(), student


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
