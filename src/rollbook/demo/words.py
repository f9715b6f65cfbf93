"""Names to draw from (names.txt), put together for the demo: plausible, varied, nobody in particular."""

import re
from importlib.resources import files
from typing import Final

_SECTION: Final = re.compile(r"^\[(\w+)\]$", re.MULTILINE)


def _read() -> dict[str, list[str]]:
    _, *parts = _SECTION.split(files("rollbook.demo").joinpath("names.txt").read_text(encoding="utf-8"))
    return {title: words.split() for title, words in zip(parts[::2], parts[1::2], strict=True)}


_NAMES: Final = _read()
GIRLS: Final = _NAMES["girls"]
BOYS: Final = _NAMES["boys"]
FAMILIES: Final = _NAMES["families"]
