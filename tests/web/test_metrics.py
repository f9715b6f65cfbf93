"""/metrics: everybody sees how many requests there were; the inside is for this machine, or for the token."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rollbook.core.settings import settings
from web.clients import SignIn

TOKEN = "a-token-of-some-length"
INSIDE = "db_query_duration_seconds"
HERE = ("127.0.0.1", 50_000)
ELSEWHERE = ("192.0.2.7", 50_000)


def figures(app: FastAPI, address: tuple[str, int], **headers: str) -> str:
    client = TestClient(app, base_url="http://rollbook.test", client=address)
    answer = client.get(
        "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert answer.status_code == 200
    assert "rollbook_http_request_duration_seconds" in answer.text or answer.text
    return answer.text


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ROLLBOOK_METRICS_TOKEN", TOKEN)
    settings.cache_clear()
    yield TOKEN
    monkeypatch.delenv("ROLLBOOK_METRICS_TOKEN")
    settings.cache_clear()


def test_this_machine_sees_the_inside(app: FastAPI) -> None:
    assert INSIDE in figures(app, HERE)
    assert INSIDE in figures(app, ("::1", 50_000))


def test_another_machine_does_not(app: FastAPI) -> None:
    told = figures(app, ELSEWHERE, authorization="Bearer ")

    assert INSIDE not in told
    assert "rollbook_db_connections" in told


@pytest.mark.parametrize("header", ["x_forwarded_for", "x_forwarded_host", "x_real_ip", "forwarded", "via"])
def test_nor_does_whoever_comes_by_a_proxy_on_this_machine(app: FastAPI, header: str) -> None:
    assert INSIDE not in figures(app, HERE, **{header: "192.0.2.7"})


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_where_there_is_a_token_nothing_else_opens(app: FastAPI, token: str, shown: str) -> None:
    assert token == TOKEN
    assert INSIDE not in figures(app, HERE, authorization=shown)


def test_the_token_opens_from_anywhere(app: FastAPI, token: str) -> None:
    assert INSIDE in figures(app, ELSEWHERE, authorization=f"Bearer {token}", x_forwarded_for="192.0.2.7")


def test_queries_are_told_by_operation_and_table_alone(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    assert client.get("/students?q=Abara").status_code == 200

    told = figures(app, HERE)

    labels = set(re.findall(r'db_query_duration_seconds_count\{operation="(\w+)",table="(\w+)"\}', told))
    assert ("select", "students") in labels
    assert ("insert", "disclosures") in labels or ("select", "other") in labels
    assert len(labels) == len(re.findall(r"db_query_duration_seconds_count\{", told))
    assert "Abara" not in told
