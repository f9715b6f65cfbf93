"""What comes over the wire, slow, huge, unclear or no HTTP at all: each is told so and let go."""

import gzip
import json
import socket
from collections.abc import Iterator

import pytest

from web import cast as the_cast
from web.clients import SignIn
from web.hostile.wire import Heard, Server, hear, server

MOST_MB = 64
PATIENT = {"request_timeout_s": "2"}
INTERNALS = (b"Traceback", b"rollbook/", b".py", b"uvicorn", b"h11", b"psycopg", b"SELECT", b"Oak", b"tenant")


@pytest.fixture(scope="module")
def served(world: the_cast.World) -> Iterator[Server]:
    with server(world.url, world.owner_url, **PATIENT) as running:
        yield running


@pytest.fixture(autouse=True)
def _it_lives_and_holds_little(served: Server) -> Iterator[None]:
    before = served.peak_mb()
    yield
    assert served.is_alive()
    assert served.peak_mb() - before < MOST_MB


def assert_refused(answer: Heard, *statuses: int) -> None:
    """A problem that tells nothing, with the headers of every answer."""
    assert answer.status in statuses, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(json.loads(answer.body)) == {"title", "status", "detail", "code"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert [word for word in INTERNALS if word in answer.body] == []


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: y\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 9" + b"9" * 400 + b"\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(served: Server, said: bytes) -> None:
    assert_refused(served.say(said), 400, 413)


def test_a_request_that_ends_in_two_ways_is_refused(served: Server) -> None:
    """Smuggling: a proxy in front may believe the other end, and take the rest for somebody's request."""
    smuggled = b"GET /students HTTP/1.1\r\nHost: a\r\n\r\n"
    head = b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    answer = served.say(head + b"Content-Length: 4\r\n\r\n0\r\n\r\n" + smuggled)

    assert_refused(answer, 400)


def test_chunks_that_are_none_are_refused(served: Server) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for chunks in (b"xyz\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"1;" + b"x" * 70_000):
        assert served.say(head + chunks).status in (0, 400, 408)


@pytest.mark.parametrize("name", ["X-Long", "Cookie", "Authorization", "User-Agent", "Accept"])
def test_a_header_of_a_megabyte_is_refused(served: Server, name: str) -> None:
    head = f"GET /caseload HTTP/1.1\r\nHost: a\r\n{name}: ".encode()
    for size in (20_000, 100_000, 1_000_000):
        answer = served.say(head, b"x" * size, b"\r\n\r\n")
        assert answer.status in (0, 400, 431), size
    assert_refused(served.say(head + b"x" * 20_000 + b"\r\n\r\n"), 400, 431)


def test_thousands_of_headers_are_refused(served: Server) -> None:
    head = "GET /caseload HTTP/1.1\r\nHost: a\r\n" + "".join(f"x{n}: y\r\n" for n in range(3000)) + "\r\n"

    assert_refused(served.say(head.encode()), 400, 431)


@pytest.mark.parametrize("size", [10_000_000, 2**31, 2**63, 10**400])
def test_a_body_that_is_told_to_be_huge_is_refused_before_it_is_read(served: Server, size: int) -> None:
    head = f"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()

    assert_refused(served.say(head), 400, 413)


def test_a_body_of_ten_megabytes_is_not_kept(served: Server) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert served.say(head, *(chunk for _ in range(160))).status in (0, 413)


def test_what_is_packed_is_not_unpacked(served: Server, sign_in: SignIn) -> None:
    cookie = f"rollbook={sign_in('district_admin').cookies['rollbook']}"
    bomb = gzip.compress(b" " * 40_000_000)
    for packed in (bomb, gzip.compress(b"{}")):
        answer = served.ask(
            "POST /api/v1/incidents HTTP/1.1",
            packed,
            Cookie=cookie,
            Content_Encoding="gzip",
            Content_Type="application/json",
        )
        assert_refused(answer, 415)


def test_who_sends_a_head_byte_by_byte_is_told_to_hurry(served: Server) -> None:
    with served.connect() as line:
        for byte in b"GET /ready HTTP/1.1\r\nHost:":
            line.send(bytes([byte]))
        answer = hear(line)

    assert_refused(answer, 408)


def test_who_sends_a_body_byte_by_byte_is_told_to_hurry(served: Server) -> None:
    with served.connect() as line:
        line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nemail=")
        answer = hear(line)

    assert_refused(answer, 408)


def test_who_says_nothing_is_let_go(served: Server) -> None:
    with served.connect() as line:
        assert line.recv(1) == b""


def test_who_goes_on_after_the_answer_is_let_go(served: Server) -> None:
    with served.connect() as line:
        line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
        assert hear(line).status == 413
        assert line.recv(1) == b""


def test_hundreds_who_are_slow_keep_nobody_out_for_long(served: Server) -> None:
    """More than the connections that there are: whoever comes after them is answered once they are let go."""
    slow = [socket.create_connection((served.host, served.port)) for _ in range(220)]
    for line in slow:
        line.send(b"GET / HTTP/1.1\r\nX: ")
    for line in slow:
        line.settimeout(30)
        while line.recv(65536):
            pass
        line.close()

    assert served.is_alive()


def test_who_does_not_read_is_let_go(served: Server, sign_in: SignIn) -> None:
    cookie = f"rollbook={sign_in('district_admin').cookies['rollbook']}"
    asks = f"GET /students.json HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n".encode()
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(30)
        line.connect((served.host, served.port))
        line.sendall(asks)

        assert served.is_alive()


@pytest.mark.parametrize(
    "method", ["TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND", "MOVE", "get", "X" * 300]
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/v1/students", "/static/rollbook.css", "*", "a:443"])
def test_a_method_that_does_not_belong_is_refused(served: Server, method: str, path: str) -> None:
    answer = served.ask(f"{method} {path} HTTP/1.1", X_Secret="echo-me", Accept="application/json")

    assert_refused(answer, 400, 403, 404, 405)
    assert b"echo-me" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml",
        "/static/..%2f..%2fapp%2fapplication.py",
        "/static/%2e%2e/%2e%2e/cli.py",
        "/static/....//....//cli.py",
        "/static/..\\..\\cli.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/rollbook.css%00.js",
        "/static/%c0%ae%c0%ae/%c0%ae%c0%ae/cli.py",
        "/static/",
        "/static",
        "/.git/config",
        "/rollbook/cli.py",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_static_files(served: Server, path: str) -> None:
    answer = served.ask(f"GET {path} HTTP/1.1", Accept="application/json")

    assert_refused(answer, 400, 404)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80@rollbook", "", "a b", '"><script>', "[::1", "x" * 300]
)
def test_no_answer_repeats_the_host_that_was_named(served: Server, host: str) -> None:
    for path in ("/", "/caseload", "/caseload/", "/static", "/students/x", "/api/v1/students"):
        answer = served.ask(f"GET {path} HTTP/1.1", Host=host)
        told = b" ".join([*(value.encode() for value in answer.headers.values()), answer.body])

        assert answer.status in (303, 400, 401, 404)
        assert b"evil" not in told
        assert b"<script>" not in told
        assert answer.headers.get("location", "/").startswith("/")


def test_an_absolute_address_names_no_other_site(served: Server) -> None:
    for target in (
        "http://evil.example/caseload",
        "http://evil.example/",
        "https://x:y@evil.example/static/x",
    ):
        answer = served.ask(f"GET {target} HTTP/1.1", Accept="application/json")

        assert_refused(answer, 400, 404)
        assert b"evil" not in answer.body


def test_a_long_address_is_refused(served: Server) -> None:
    assert_refused(served.ask(f"GET /caseload?q={'x' * 9000} HTTP/1.1"), 414)
    assert served.say(f"GET /{'x' * 1_000_000} HTTP/1.1\r\nHost: a\r\n\r\n".encode()).status in (0, 400, 414)


def test_a_request_for_another_protocol_is_answered_in_this_one(served: Server) -> None:
    for asked in ("websocket", "h2c", "TLS/1.0"):
        answer = served.ask("GET /ready HTTP/1.1", Connection="Upgrade", Upgrade=asked)
        assert answer.status == 200


def test_requests_one_behind_the_other_are_answered_in_turn(served: Server) -> None:
    head = f"GET /health HTTP/1.1\r\nHost: {served.host}:{served.port}\r\n"
    with served.connect() as line:
        line.sendall((f"{head}\r\n" * 2 + f"{head}Connection: close\r\n\r\n").encode())
        said = b""
        while more := line.recv(65536):
            said += more

    assert said.count(b'{"status":"alive"}') == 3
