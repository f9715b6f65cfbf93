"""A sign-in provider is believed no further than its own address: no other issuer, place or certificate."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rollbook.accounts.oidc_directory import Directory, ProviderUnreachable, fetch_json


@contextmanager
def answering(
    status: int, body: object, certificate: Path | None = None, **headers: str
) -> Iterator[tuple[str, list[str]]]:
    """Answer each request alike; yield the address, and the paths that were asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    scheme = "https" if certificate else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def own_certificate(folder: Path) -> Path:
    """Write a certificate that only its maker vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "own.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_it_sends_nobody_elsewhere() -> None:
    with (
        answering(200, {"issuer": "x"}) as (elsewhere, asked),
        answering(302, {}, Location=f"{elsewhere}/inside") as (at, _),
        pytest.raises(ProviderUnreachable),
    ):
        fetch_json(at, at)

    assert asked == []


def test_it_is_the_issuer_that_was_named() -> None:
    with answering(200, {"issuer": "https://another.example"}) as (at, asked):
        with pytest.raises(ProviderUnreachable, match="another issuer"):
            Directory().published(at)

        assert asked == ["/.well-known/openid-configuration"]


def test_a_certificate_of_its_own_making_is_not_believed(tmp_path: Path) -> None:
    with answering(200, {"issuer": "x"}, own_certificate(tmp_path)) as (at, asked):
        with pytest.raises(ProviderUnreachable):
            fetch_json(at, at)

        assert asked == []
