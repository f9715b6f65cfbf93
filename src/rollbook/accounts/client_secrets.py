"""The client secrets of sign-in providers: a file each that only this machine's user reads."""

import os
from pathlib import Path
from typing import Final

from rollbook.core.errors import Invalid, Unavailable
from rollbook.core.settings import settings

_FOLDER: Final = "sign-in-secrets"
_LONGEST: Final = 2000


class ClientSecretMissing(Unavailable):
    """The client secret of this provider cannot be read: {path}. `rollbook provider secret` writes it."""


class ClientSecretInvalid(Invalid):
    """A client secret is one line of 1 to 2000 printable ASCII characters, without spaces around it."""


class ClientSecretUnwritten(Unavailable):
    """The client secret cannot be written to {path}: {reason}."""


def client_secret(tenant: str, provider: str) -> str:
    """Return what proves to the provider that this Rollbook asks.

    Raises: ``ClientSecretMissing``.
    """
    path = _path(tenant, provider)
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise ClientSecretMissing(path=path) from None


def keep_client_secret(tenant: str, provider: str, secret: str) -> None:
    """Write the secret, readable by this machine's user alone, in place of the one there was.

    Raises: ``ClientSecretInvalid``; ``ClientSecretUnwritten``.
    """
    if not 1 <= len(secret) <= _LONGEST or not (secret.isascii() and secret.isprintable()):
        raise ClientSecretInvalid
    if secret != secret.strip():
        raise ClientSecretInvalid
    path = _path(tenant, provider)
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
        new.replace(path)
    except OSError as error:
        raise ClientSecretUnwritten(path=path, reason=error.strerror) from None


def files() -> list[Path]:
    """Return the files that hold secrets."""
    folder = _folder()
    return sorted(folder.glob("*.*")) if folder.is_dir() else []


def _folder() -> Path:
    return settings().oidc_secrets or settings().home / _FOLDER


def _path(tenant: str, provider: str) -> Path:
    """Both names are of lower-case letters, digits and hyphens: no path leads out of the folder."""
    return _folder() / f"{tenant}.{provider}"
