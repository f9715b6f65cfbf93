"""Run the benchmarks on a server of their own and write docs/benchmarks.md: `make bench ARGS="oulad risk"`.

Each ``bench_<name>.py`` is a program. It finds a running, migrated, durable server by the environment, as
any command does, and prints one JSON document: {"name", "note", "figures": [{"name", "value", "unit"}]},
and where figures are better seen beside each other, "tables": [{"title", "columns", "rows"}].
What was measured is kept in results.json, so that one benchmark can be run again without the others.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
RESULTS: Final = HERE / "results.json"
PAGE: Final = ROOT / "docs/benchmarks.md"
ROLLBOOK: Final = Path(sys.executable).parent / "rollbook"
HEAD: Final = """\
# Benchmarks

What `make bench` measured, on a server of its own with full durability (fsync, checksums).
No test asserts a time: these figures are for people, and for comparing two commits on one machine.
"""


def main(wanted: list[str]) -> int:
    """Run what is wanted, or all; write the page; return 1 if a benchmark failed."""
    known = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    chosen = [name for name in known if not wanted or any(word in name for word in wanted)]
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    failed = []
    with server() as (environment, version):
        for name in chosen:
            print(f"{name} ...", file=sys.stderr, flush=True)
            measured = measure(known[name], environment)
            if measured is None:
                failed.append(name)
            else:
                results[name] = measured | circumstances(version)
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")
    print(f"Failed: {', '.join(failed)}." if failed else f"Wrote {PAGE.relative_to(ROOT)}.")
    return int(bool(failed))


def page(results: dict[str, Any]) -> str:
    """Return the page of all benchmarks, in the order of their names."""
    return HEAD + "".join(section(results[name]) for name in sorted(results))


@contextmanager
def server() -> Iterator[tuple[dict[str, str], str]]:
    """Run a durable, migrated server in a folder of its own; yield the environment that names it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
    shared = os.environ.get("ROLLBOOK_SHARED", str(ROOT.parent / "shared"))
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as home:
        Path(home).chmod(0o755)
        environment = kept | {"ROLLBOOK_HOME": f"{home}/home", "ROLLBOOK_SHARED": shared}
        subprocess.run([ROLLBOOK, "up", "--json"], env=environment, check=True, stdout=subprocess.DEVNULL)
        try:
            yield environment, _version(environment)
        finally:
            subprocess.run([ROLLBOOK, "down"], env=environment, check=True)


def _version(environment: dict[str, str]) -> str:
    said = subprocess.run([ROLLBOOK, "status", "--json"], env=environment, check=True, capture_output=True)
    return str(json.loads(said.stdout)["version"])


def measure(program: Path, environment: dict[str, str]) -> dict[str, Any] | None:
    """Run one benchmark; where it says nothing of memory, add the most that its process held."""
    told, tells = os.pipe()
    command = [sys.executable, str(HERE / "alone.py"), str(program), str(tells)]
    with os.fdopen(told, encoding="ascii") as peak_bytes:
        try:
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, cwd=ROOT, pass_fds=[tells], check=False
            )
        finally:
            os.close(tells)
        if done.returncode != 0:
            return None
        peak = int(peak_bytes.read()) / 1e6
    measured: dict[str, Any] = json.loads(done.stdout)
    if not any(figure["unit"] == "MB" for figure in measured["figures"]):
        measured["figures"].append({"name": "peak memory of the process", "value": peak, "unit": "MB"})
    return measured


def circumstances(version: str) -> dict[str, str]:
    """Say where and when: figures of two machines are not to be compared."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}",
        "software": f"PostgreSQL {version}, Python {platform.python_version()}",
        "measured": f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip() or 'unknown'}",
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def section(result: dict[str, Any]) -> str:
    """Return one benchmark's part of the page."""
    rows = "".join(
        f"| {figure['name']} | {number(figure['value'])} | {figure['unit']} |\n"
        for figure in result["figures"]
    )
    note = f"{result['note']}\n\n" if result.get("note") else ""
    tables = "".join(table(**found) for found in result.get("tables", []))
    where = f"{result['machine']}; {result['software']}; {result['measured']}."
    return f"\n## {result['name']}\n\n{note}| | | |\n|---|---:|---|\n{rows}\n{tables}{where}\n"


def table(title: str, columns: list[str], rows: list[list[str]]) -> str:
    """Return a table under its title; the first column is text, the others are figures."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return f"{title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def number(value: object) -> str:
    """Return a figure with as many digits as it deserves."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    digits = 0 if isinstance(value, int) else max(0, 3 - len(str(int(abs(value))).lstrip("0")))
    return f"{value:,.{digits}f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
