"""What the guards of the code read from it: functions and their lengths, excuses, assertions about time."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
OURS: Final = sorted(
    path for folder in ("src", "tests", "scripts", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
_EXCUSE: Final = re.compile(
    r"# (?:noqa(?:: (?P<noqa>[A-Z0-9, ]+))?|type: ignore(?:\[(?P<ignored>[a-z, -]+)\])?)(?P<reason>.*)"
)
_REASON: Final = re.compile(r"\s*(?:--?|#)\s*\S+.*")
_CLOCKS: Final = {"perf_counter", "perf_counter_ns", "process_time", "elapsed", "duration", "took", "seconds"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and how many lines it has without its docstring."""

    name: str
    lines: int


def functions(source: str) -> Iterator[Function]:
    """Yield every function of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield Function(node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1)


def excuses_without_reason(source: str) -> list[str]:
    """Return each exception from a rule that names no code, or gives no reason."""
    found = (match for line in source.splitlines() if (match := _EXCUSE.search(line)))
    return [match[0] for match in found if not (_code(match) and _REASON.match(match["reason"]))]


def _code(excuse: re.Match[str]) -> str | None:
    return excuse["noqa"] or excuse["ignored"]


def asserts_a_time(source: str) -> list[str]:
    """Return each assertion that compares a time that was measured."""
    asserted = (node.test for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert))
    return [ast.unparse(test) for test in asserted if _CLOCKS & _names(test)]


def imports(source: str) -> set[str]:
    """Return the modules that a module imports."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def _names(node: ast.AST) -> set[str]:
    parts = list(ast.walk(node))
    plain = {part.id for part in parts if isinstance(part, ast.Name)}
    return plain | {part.attr for part in parts if isinstance(part, ast.Attribute)}
