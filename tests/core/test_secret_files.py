"""A secret may stand in a file; what is wrong with the file is said, and what it holds is not."""

from pathlib import Path

import pytest

from rollbook.core.secret_files import (
    SecretFileEmpty,
    SecretFileUnreadable,
    SecretSaidTwice,
    is_secret,
)
from rollbook.core.settings import Settings

PREFIX = "ROLLBOOK_"
URL = "postgresql://app:hush@db/rollbook"
SECRETS = [name for name, field in Settings.model_fields.items() if is_secret(field)]


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_stand_in_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(f"{URL}\n")
    monkeypatch.setenv(f"ROLLBOOK_{name.upper()}_FILE", str(tmp_path / "secret"))

    secret = getattr(Settings(), name)

    assert secret.get_secret_value() == URL
    assert "hush" not in repr(Settings())


def test_the_urls_are_secrets() -> None:
    assert {"database_url", "owner_url"} <= set(SECRETS)


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tenant").write_text("oak")
    monkeypatch.setenv(f"{PREFIX}TENANT_FILE", str(tmp_path / "tenant"))

    assert Settings().tenant is None


def test_an_argument_wins_and_no_file_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL_FILE", "/nowhere")

    assert Settings(database_url=None).database_url is None


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, SecretFileUnreadable), (b"\xff\xfe", SecretFileUnreadable), (b" \n", SecretFileEmpty)],
)
def test_a_file_that_says_nothing_is_refused(
    content: bytes | None, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("ROLLBOOK_OWNER_URL_FILE", str(path))

    with pytest.raises(error, match=rf"ROLLBOOK_OWNER_URL_FILE names {path}"):
        Settings()


def test_a_secret_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(URL)
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", URL)
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL_FILE", str(tmp_path / "secret"))

    with pytest.raises(SecretSaidTwice) as caught:
        Settings()

    assert "hush" not in str(caught.value)
    assert "ROLLBOOK_DATABASE_URL and ROLLBOOK_DATABASE_URL_FILE" in str(caught.value)
