"""Statements without the values in them. pg_stat_statements leaves some in; nothing here shows one."""

import re
from typing import Final

_LONGEST: Final = 2_000
# One pass: a string may hold what looks like a comment, and a comment an apostrophe.
_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<name>\"(?:[^\"]|\"\")*\")"
    r"|\b[eE]'(?:[^'\\]|\\.|'')*'"
    r"|(?:\b[bBxXnN]|\b[uU]&)?'(?:[^']|'')*'"
    r"|\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$"
    r"|(?<![\w$.])\d[\w.]*",
    re.DOTALL,
)
_PLANNED: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE", "(")


def without_values(statement: str) -> str:
    """Return ``statement`` on one line, with ``?`` for each literal and without its comments.

    Of one that is not planned (SET, CREATE ROLE ...) only the first two words: there a password is no
    parameter.
    """
    line = " ".join(_TOKEN.sub(_masked, statement).split())
    return line[:_LONGEST] if is_planned(line) else " ".join(line.split()[:2])


def is_planned(statement: str) -> bool:
    """Say whether PostgreSQL makes a plan for ``statement``, as far as its first word tells."""
    return _TOKEN.sub(_uncommented, statement).lstrip().upper().startswith(_PLANNED)


def _masked(found: re.Match[str]) -> str:
    return " " if found["comment"] else found["name"] or "?"


def _uncommented(found: re.Match[str]) -> str:
    return " " if found["comment"] else found[0]
