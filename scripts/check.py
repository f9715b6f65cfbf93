"""Check the code: one line per tool, and what a tool has to say only if it objects. Exit 1 if one does.

``check.py mypy squawk`` runs only those.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent

TOOLS = {
    "mypy": ([f"{BIN}/mypy"], "types, strictly"),
    "tests/building": ([f"{BIN}/pytest", "-q", "tests/building"], "the rules of this code base"),
    "sqlfluff": ([f"{BIN}/sqlfluff", "lint", "--disable-progress-bar", "src", "tests"], "queries"),
    "squawk": ([sys.executable, "scripts/lint_migrations.py"], "migrations, as SQL"),
    "import-linter": ([f"{BIN}/lint-imports"], "floors"),
    "ruff check": ([f"{BIN}/ruff", "check", "--quiet", "."], "style"),
    "ruff format": ([f"{BIN}/ruff", "format", "--check", "--quiet", "."], "layout"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tool said."""

    passed: bool
    said: str
    seconds: float


def run(command: list[str]) -> Verdict:
    """Run a tool from the root of the checkout."""
    begin = time.monotonic()
    done = subprocess.run(  # noqa: S603 -- the commands above
        command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return Verdict(done.returncode == 0, done.stdout, time.monotonic() - begin)


def tell(name: str, verdict: Verdict) -> None:
    """Print the tool's line, below it what it objects to."""
    word = "ok" if verdict.passed else "FAILED"
    print(f"{name:<15} {word:<7} {verdict.seconds:5.1f} s   {TOOLS[name][1]}", flush=True)
    if not verdict.passed:
        print(verdict.said.rstrip(), end="\n\n", flush=True)


def main(wanted: list[str]) -> int:
    """Run the tools, two at a time, the slow ones first; return the exit code."""
    chosen = {name: TOOLS[name][0] for name in TOOLS if not wanted or name in wanted}
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        pending: dict[str, Future[Verdict]] = {
            name: pool.submit(run, command) for name, command in chosen.items()
        }
        verdicts = []
        for name, future in pending.items():
            verdicts.append(future.result())
            tell(name, verdicts[-1])
    failed = sum(not verdict.passed for verdict in verdicts)
    print(f"{failed} of {len(verdicts)} checks failed." if failed else f"All {len(verdicts)} checks passed.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
