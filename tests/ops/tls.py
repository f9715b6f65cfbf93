"""A certificate for 127.0.0.1, signed by itself, and a server that uses it."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import home_of


def turn_on(settings: Settings) -> Path:
    """Have the server of ``settings`` take TLS from its next start on; return the certificate."""
    data = home_of(settings).data
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(data / "server.crt", certificate.public_bytes(serialization.Encoding.PEM), data)
    _write(
        data / "server.key",
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        data,
    )
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write("ssl = on\n")
    server.down(settings)
    server.up(settings, durable=False)
    return data / "server.crt"


def _write(path: Path, content: bytes, like: Path) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, like.stat().st_uid, like.stat().st_gid)
