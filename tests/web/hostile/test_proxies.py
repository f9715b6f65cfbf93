"""Behind a proxy: what it says of a request is believed of the proxies that are named, and of nobody else."""

import pytest

from web import cast as the_cast
from web.hostile.wire import server

SECURE = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.9"}


def test_a_proxy_that_is_named_may_say_that_the_line_was_secure(world: the_cast.World) -> None:
    with server(world.url, world.owner_url, trusted_proxies="127.0.0.1") as served:
        answer = served.ask("GET /sign-in HTTP/1.1", **SECURE)

    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["set-cookie"].startswith("__Host-rollbook_form=")


@pytest.mark.parametrize("trusted", ["", "203.0.113.7", "10.0.0.0/8"])
def test_nobody_else_may(world: the_cast.World, trusted: str) -> None:
    with server(world.url, world.owner_url, trusted_proxies=trusted) as served:
        answer = served.ask("GET /sign-in HTTP/1.1", **SECURE)

    assert "strict-transport-security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("rollbook_form=")


def test_a_site_that_has_names_answers_to_them_alone(world: the_cast.World) -> None:
    with server(world.url, world.owner_url, web_names="rollbook.example.org, [::1]") as served:
        told = {
            host: served.ask("GET /sign-in HTTP/1.1", Host=host).status
            for host in (
                "rollbook.example.org",
                "ROLLBOOK.example.org:8443",
                "[::1]:80",
                "evil.example",
                "x[::1]",
            )
        }

    assert told == {
        "rollbook.example.org": 200,
        "ROLLBOOK.example.org:8443": 200,
        "[::1]:80": 200,
        "evil.example": 421,
        "x[::1]": 400,
    }


def test_who_asks_whether_it_is_well_knows_no_name(world: the_cast.World) -> None:
    """A container's healthcheck asks 127.0.0.1; Prometheus asks the container's name, and shows its token."""
    with server(world.url, world.owner_url, web_names="rollbook.example.org") as served:

        def ask(path: str, host: str, **headers: str) -> int:
            return served.ask(f"GET {path} HTTP/1.1", Host=host, **headers).status

        assert {
            path: ask(path, "127.0.0.1:8000") for path in ("/health", "/ready", "/metrics", "/sign-in")
        } == {
            "/health": 200,
            "/ready": 200,
            "/metrics": 200,
            "/sign-in": 421,
        }
        assert ask("/metrics", "app:8000") == 421
        assert ask("/metrics", "app:8000", Authorization="Bearer of-the-figures-token") == 200
