"""Secrets from files: of every secret, the variable that ends in _FILE names a file that says it."""

import os
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from rollbook.core.errors import Invalid

SUFFIX: Final = "_FILE"


class SecretFileUnreadable(Invalid):
    """{variable} names {path}, which cannot be read: {reason}."""

    exit_code = 2


class SecretFileEmpty(Invalid):
    """{variable} names {path}, which is empty."""

    exit_code = 2


class SecretSaidTwice(Invalid):
    """Both {plain} and {variable} are set. Keep one of them."""

    exit_code = 2


def is_secret(field: FieldInfo) -> bool:
    """Say whether a setting holds a secret."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


class SecretFiles(PydanticBaseSettingsSource):
    """The source of settings that reads the files. What a caller of ``Settings`` gives goes before it."""

    def __call__(self) -> dict[str, Any]:
        """Return the secrets by setting.

        Raises: ``SecretFileUnreadable``; ``SecretFileEmpty``; ``SecretSaidTwice``.
        """
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
            if is_secret(field) and name not in self.current_state
        }
        return {name: secret for name, secret in found.items() if secret is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 -- theirs
        """Return what the file of one setting says; None where no file is named."""
        plain = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        variable = f"{plain}{SUFFIX}"
        named = os.environ.get(variable)
        if not named:
            return None, field_name, False
        if os.environ.get(plain):
            raise SecretSaidTwice(plain=plain, variable=variable)
        return _read(variable, Path(named).expanduser()), field_name, False


def _read(variable: str, path: Path) -> str:
    """Return the file's text without the end of its line, which editors add."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise SecretFileUnreadable(variable=variable, path=path, reason="it is no UTF-8 text") from None
    except OSError as error:
        raise SecretFileUnreadable(variable=variable, path=path, reason=error.strerror) from None
    if not secret:
        raise SecretFileEmpty(variable=variable, path=path)
    return secret
