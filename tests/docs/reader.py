"""A reader who does what a document says: one shell session in a new home."""

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from docs.blocks import Block

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
PATIENCE_S = 600


@dataclass(frozen=True, slots=True)
class Reader:
    """Where commands run, and with what environment."""

    folder: Path
    environment: Mapping[str, str]

    def follow(self, document: list[Block]) -> None:
        """Do what every block says, in order."""
        for block in document:
            if name := block.says("file"):
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).write_text(block.body, encoding="utf-8")
            elif block.language == "console":
                self._run_all(block)

    def _run_all(self, block: Block) -> None:
        *first, last = block.commands
        page = block.says("serves")
        for command in first if page else block.commands:
            self.run(command)
        if page:
            self.serve(last, page)

    def run(self, command: str) -> str:
        """Run one command; it must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        return done.stdout

    def serve(self, command: str, page: str) -> None:
        """Run a command that stays, until ``page`` answers at the address that it prints; then stop it."""
        log = self.folder / "served.log"
        with log.open("w") as output:
            staying = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_for_page(staying, log, page)
        finally:
            if staying.poll() is None:
                os.killpg(staying.pid, signal.SIGINT)
            staying.wait(timeout=60)


def _wait_for_page(staying: subprocess.Popen[bytes], log: Path, page: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _answers(log, page):
        assert staying.poll() is None, f"it ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"no page came:\n{log.read_text()}"
        time.sleep(0.2)


def _answers(log: Path, page: str) -> bool:
    printed = ADDRESS.search(log.read_text())
    if printed is None:
        return False
    try:
        with urllib.request.urlopen(printed[0] + page, timeout=30) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, ConnectionError):
        return False
