"""A real Chromium, headless, that talks to nobody but us; and axe-core in it."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE: Final[ViewportSize] = {"width": 320, "height": 640}
TABLET: Final[ViewportSize] = {"width": 768, "height": 1024}
DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
LOOKS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# passing elements of a long page are megabytes, which nobody here reads
OPTIONS: Final = {"runOnly": RULES, "resultTypes": ["violations"]}


def chromium() -> str:
    """Return the browser's path, or skip the test (where CI=true that is a failure)."""
    named = os.environ.get("ROLLBOOK_BROWSER")
    path = named or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on PATH: install it (apt-get install chromium) or set ROLLBOOK_BROWSER")
    return path


def looks(page: Page, *sizes: ViewportSize) -> Iterator[str]:
    """Show the open page in light and in dark at each size, which are the style sheet's alone; yield how."""
    for size in sizes:
        page.set_viewport_size(size)
        for look in LOOKS:
            page.emulate_media(color_scheme=look)
            yield f"{look}, {size['width']} pixels wide"


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong, each with the element it is about."""
    found: list[dict[str, Any]] = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]]
