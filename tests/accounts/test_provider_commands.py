"""`rollbook provider`: the secret comes from stdin, is kept in a file, and is never shown."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from commands import run
from rollbook.core.database import engine_for
from rollbook.core.tenancy import ensure_tenant
from rollbook.testing.databases import Database

SECRET = "not for anybody's eyes"
ADD = ("add", "entra", "--issuer", "https://login.example.org/oak", "--client-id", "1b2c")


@pytest.fixture
def environment(fresh_database: Database, tmp_path: Path) -> dict[str, str]:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        ensure_tenant(db, "oak-valley", name="Oak Valley")
    return os.environ | {
        "ROLLBOOK_DATABASE_URL": fresh_database.url,
        "ROLLBOOK_OWNER_URL": fresh_database.owner_url,
        "ROLLBOOK_OIDC_SECRETS": str(tmp_path / "secrets"),
        "ROLLBOOK_PUBLIC_URL": "https://rollbook.example.org",
    }


def provider(
    environment: dict[str, str], *arguments: str, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    return run("provider", *arguments, env=environment, given=given)


def test_a_provider_is_added_changed_and_listed_and_its_secret_is_not_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    added = provider(environment, *ADD, "--second-factor", "mfa", "--json", given=f"{SECRET}\n")
    again = provider(environment, *ADD, given=f"{SECRET}\n")
    changed = provider(
        environment, "change", "entra", "--no-passwords", "--no-second-factor", "--label", "Oak"
    )
    off = provider(environment, "change", "entra", "--passwords", "--off", "--json")
    renewed = provider(environment, "secret", "entra", given="another secret\n")
    listed = provider(environment, "list")

    assert added.returncode == 0, added.stderr
    told = json.loads(added.stdout)
    assert told["redirect_uri"] == "https://rollbook.example.org/sign-in/with/oak-valley/entra/back"
    assert (told["second_factors"], told["passwords"], told["active"]) == ("mfa", "yes", "yes")
    assert again.returncode == 1
    assert "already has a provider" in again.stderr
    assert "passwords" in changed.stdout
    assert (json.loads(off.stdout)["passwords"], json.loads(off.stdout)["active"]) == ("yes", "no")
    assert (json.loads(off.stdout)["label"], json.loads(off.stdout)["second_factors"]) == ("Oak", "")
    runs = (added, again, changed, off, renewed, listed)
    assert not [run for run in runs if SECRET in run.stdout + run.stderr or "another" in run.stdout]
    assert (tmp_path / "secrets" / "oak-valley.entra").read_text() == "another secret"


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.org",
        "https://u:p@login.example.org",
        "https://x/?a=b",
        "ftp://x",
        "https://",
        "x",
    ],
)
def test_only_https_is_asked_who_somebody_is(environment: dict[str, str], issuer: str) -> None:
    refused = provider(environment, "add", "x", "--issuer", issuer, "--client-id", "c", given="s\n")

    assert refused.returncode == 1
    assert "https address" in refused.stderr
