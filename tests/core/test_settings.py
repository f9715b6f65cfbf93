"""Settings are read from the environment as people leave it."""

import os
import subprocess
from pathlib import Path

import pytest

from rollbook.core.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["HOME", "DATABASE_URL", "DATABASE_PORT", "TENANT", "WEB_PORT"])
def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As `docker run --env ROLLBOOK_DATABASE_URL` and compose files leave it."""
    monkeypatch.delenv(f"ROLLBOOK_{name}", raising=False)
    unset = Settings()
    monkeypatch.setenv(f"ROLLBOOK_{name}", "")
    assert Settings() == unset


def test_an_empty_home_is_as_none_for_make_too() -> None:
    rule = 'shown:;@echo "$$ROLLBOOK_HOME"'
    shown = subprocess.run(
        ["make", "--silent", "--no-print-directory", "--directory", str(ROOT), f"--eval={rule}", "shown"],
        env={"PATH": os.environ["PATH"], "ROLLBOOK_HOME": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == str(ROOT / ".rollbook")


@pytest.mark.parametrize("name", ["SESSION_IDLE_MINUTES", "SESSION_HOURS", "STATEMENT_TIMEOUT_S"])
def test_what_postgresql_or_a_date_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"ROLLBOOK_{name}", "99999999999")
    with pytest.raises(ValueError, match="less than or equal to"):
        Settings()
