"""From a clean clone to the first page: `make demo` with a new HOME, until the sign-in page answers."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE_S = 900


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-clone-") as folder:
        Path(folder).chmod(0o755)
        clone = Path(folder) / "rollbook"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        (Path(folder) / "home").mkdir()
        environment = clean_environment(Path(folder) / "home")
        try:
            first, again = seconds_to_page(clone, environment), seconds_to_page(clone, environment)
        finally:
            stop = [str(clone / ".venv/bin/rollbook"), "down"]
            subprocess.run(stop, env={"ROLLBOOK_HOME": str(clone / ".rollbook")}, check=False)
    figures = [
        {"name": "clean clone to first page", "value": first, "unit": "s"},
        {"name": "the same command again", "value": again, "unit": "s"},
    ]
    note = (
        "`make demo` in a new clone with an empty environment: virtual environment, packages, PostgreSQL,"
        " schema, a district of 3,714 students, a trained model, scores, pages; until /sign-in answers."
    )
    print(json.dumps({"name": "First page", "note": note, "figures": figures}))


def clean_environment(home: Path) -> dict[str, str]:
    """An environment with nothing in it but how to reach the package index."""
    network = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "http", "no_proxy"))
    }
    return network | {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}


def seconds_to_page(clone: Path, environment: dict[str, str]) -> float:
    port = free_port()
    begin = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo", f"ARGS=--port {port}"],
        cwd=clone,
        env=environment,
        stdout=sys.stderr,
        start_new_session=True,
    )
    try:
        while not answers(f"http://127.0.0.1:{port}/sign-in"):
            if demo.poll() is not None or time.monotonic() - begin > PATIENCE_S:
                sys.exit("make demo did not get to a page")
            time.sleep(0.05)
        return time.monotonic() - begin
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return bool(page.status == HTTPStatus.OK)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
