"""Sign-in by a provider in a browser: the button, there and back, and nothing that axe complains of."""

from axe_playwright_python.sync_playwright import Axe

from web import cast as the_cast
from web.conftest import OpenAs, forget_providers
from web.providers import register, running

CAMPUS = "/sign-in/with/oak-valley/campus"


def test_a_browser_goes_there_and_comes_back_signed_in(
    open_as: OpenAs, address: str, world: the_cast.World, email: str
) -> None:
    with running(f"{address}{CAMPUS}/back") as provider:
        register(world.url, "oak-valley", "campus", provider.issuer, label="Campus ID")
        try:
            provider.signs_in(email)
            page = open_as(None)
            page.goto("/sign-in?district=oak-valley&next=/students")
            violations = Axe().run(page).response["violations"]
            page.get_by_role("link", name="Sign in with Campus ID").click()
            page.wait_for_url("**/students")
            who = page.locator("header.top form.me a").inner_text()
        finally:
            forget_providers(world.owner_url, "oak-valley")

    assert violations == []
    assert who == "Ann Count"
