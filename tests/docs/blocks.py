"""What a document asks its reader to do, read from its fenced blocks.

A ``console`` block holds commands, each after `$ `, and perhaps their output. A comment before it says more:

    <!-- file: NAME -->       the block is the content of a file to write
    <!-- serves: /PATH -->    the block's last command stays; /PATH answers at the address that it prints
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = [ROOT / "README.md", *sorted((ROOT / "docs/howto").glob("*.md"))]
_FENCE: Final = re.compile(
    r"(?:^<!-- (?P<directive>[^>]+) -->\n+)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and what the comment before it says."""

    language: str
    body: str
    directive: str

    def says(self, word: str) -> str | None:
        """Return what follows ``word:`` in the comment before the block."""
        key, _, value = self.directive.partition(":")
        return value.strip() if key == word else None

    @property
    def commands(self) -> list[str]:
        """Return the commands, continued lines joined."""
        joined = self.body.replace("\\\n", " ")
        return [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    for found in _FENCE.finditer(text):
        yield Block(found["language"], found["body"], (found["directive"] or "").strip())
