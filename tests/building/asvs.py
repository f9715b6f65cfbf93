"""The requirements of OWASP ASVS 5.0.0 by number and level, and what docs/security.md says of each."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs/security.md"
STATES: Final = ("held", "n.a.", "site", "open")
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_ROW: Final = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (\S+) \| (.*) \|$", re.MULTILINE)
# Section, then the level of its first, second ... requirement.
_SECTIONS: Final = """
1.1 22|1.2 1111122223|1.3 112222222223|1.4 222|1.5 123
2.1 122|2.2 112|2.3 12223|2.4 23
3.1 3|3.2 113|3.3 12223|3.4 11222233|3.5 11122333|3.6 3|3.7 22333
4.1 12233|4.2 23333|4.3 22|4.4 1222
5.1 2|5.2 112333|5.3 113|5.4 222
6.1 122|6.2 111111112222|6.3 11223333|6.4 112233|6.5 22222333|6.6 2223|6.7 33|6.8 2222
7.1 222|7.2 1111|7.3 22|7.4 11222|7.5 223|7.6 22
8.1 1233|8.2 1123|8.3 133|8.4 23
9.1 111|9.2 1222
10.1 22|10.2 223|10.3 22223|10.4 1111122222233333|10.5 22222|10.6 22|10.7 222
11.1 2233|11.2 22233|11.3 11233|11.4 1222|11.5 23|11.6 23|11.7 33
12.1 12233|12.2 11|12.3 22223
13.1 2333|13.2 222223|13.3 2233|13.4 1222233
14.1 22|14.2 12223333|14.3 122
15.1 12233|15.2 12233|15.3 1222222|15.4 3333
16.1 2|16.2 22222|16.3 2222|16.4 222|16.5 2223
17.1 23|17.2 22223333|17.3 22
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a requirement."""

    number: str
    level: int
    words: str
    state: str
    evidence: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        """The tests that it names, by file and name."""
        return _TEST.findall(self.evidence)


def requirements() -> Iterator[tuple[str, int]]:
    """Yield the number and level of each requirement of all three levels."""
    for section in _SECTIONS.replace("\n", "|").strip("|").split("|"):
        name, levels = section.split()
        yield from ((f"{name}.{number}", int(level)) for number, level in enumerate(levels, 1))


def answers(document: str) -> list[Answer]:
    """Return what a document says, row by row."""
    return [Answer(row[0], int(row[1]), *row[2:]) for row in _ROW.findall(document)]


def listed_as_open(document: str) -> list[str]:
    """Return the numbers in the document's list of what is open."""
    listed = document.partition("## What is open")[2].partition("\n## ")[0]
    return re.findall(r"^- (\d+\.\d+\.\d+)\b", listed, re.MULTILINE)


def missing_tests(document: str) -> list[str]:
    """Return the tests that are named, anywhere in the document, and are not there."""
    named = set(_TEST.findall(document))
    return sorted(f"{file}::{name}" for file, name in named if name not in functions_of(ROOT / file))


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of the functions of a file; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
