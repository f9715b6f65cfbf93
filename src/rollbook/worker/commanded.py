"""Do a job by a command of `rollbook`, as a process of its own: what it takes of memory goes with it."""

import json
import os
import subprocess
import sys
from typing import Any, Final

from rollbook.ops.runs import Noted
from rollbook.worker.errors import CommandFailed

WITH_FINDINGS: Final = 3
_LONGEST: Final = 500


def run_command(run: Noted, *words: str) -> None:
    """Run `rollbook WORDS --json`; its figures become the run's facts, its exit code 3 a finding.

    Its progress goes to our stderr, line by line. It dies with us, so that no two do the same.
    Raises: ``CommandFailed`` with the command's own sentence.
    """
    command = [sys.executable, "-m", "rollbook.worker.child", str(os.getpid()), *words, "--json"]
    # in a session of its own: Ctrl-C is for the worker, which lets the job end
    with subprocess.Popen(  # noqa: S603 -- our own program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        told, complaint = process.communicate()
    sys.stderr.write(_progress(complaint))
    if process.returncode not in {0, WITH_FINDINGS}:
        raise CommandFailed(command=" ".join(words), said=_sentence(complaint, process.returncode))
    run.facts |= _figures(told)
    run.has_findings = process.returncode == WITH_FINDINGS


def _progress(complaint: str) -> str:
    return complaint if not complaint.lstrip().startswith("{") else ""


def _sentence(complaint: str, code: int) -> str:
    """Return what the command's error says; its last lines hold it as JSON."""
    start = complaint.find("{\n")
    try:
        said = str(json.loads(complaint[start:])["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"it ended with {code}, without a sentence."
    return said[:_LONGEST]


def _figures(told: str) -> dict[str, Any]:
    """Return of what the command printed its plain values; of a list how long it is."""
    try:
        document = json.loads(told)
    except ValueError:
        return {}
    if isinstance(document, list):
        return {"lines": len(document)}
    plain = {name: value for name, value in document.items() if isinstance(value, str | int | float)}
    return plain | {name: len(value) for name, value in document.items() if isinstance(value, list)}
