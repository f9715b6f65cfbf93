"""Rollbook's commands, run as a user runs them: a process of its own, over a database that was lent."""

import os
import subprocess
import sys
from pathlib import Path

from rollbook.testing.databases import Database


def rollbook(
    database: Database, *arguments: str | Path, given: str = "", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run `rollbook ARGUMENTS` on ``database``, with ``given`` on stdin, and return what it said."""
    urls = {"ROLLBOOK_DATABASE_URL": database.url, "ROLLBOOK_OWNER_URL": database.owner_url}
    return subprocess.run(
        [sys.executable, "-m", "rollbook.cli", *map(str, arguments)],
        env=os.environ | urls | settings,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
