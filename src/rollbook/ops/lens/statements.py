"""SQL as text: where a statement ends, and what is known of those that run in no transaction."""

import re
from collections.abc import Iterator
from typing import Final

# What may hold a semicolon that ends nothing: comments, strings, quoted names, bodies between $tags$.
_WHOLE: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    r"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|(?P<end>;)",
    re.DOTALL,
)
_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_ATOMIC: Final = re.compile(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_NAME: Final = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_TABLE: Final = rf"(?P<table>{_NAME}(?:\.{_NAME})?)"
_SHARED: Final = "ShareUpdateExclusiveLock"
_ALONE: Final = "AccessExclusiveLock"
# Of each kind: its lock, and what it does to the table, when it runs outside of a transaction.
RULES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), lock, work)
    for pattern, lock, work in (
        (rf"CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\b.*?\sON\s+(ONLY\s+)?{_TABLE}", _SHARED, "build"),
        (rf"REINDEX\s+.*?\bTABLE\s+CONCURRENTLY\s+{_TABLE}", _SHARED, "build"),
        (rf"DROP\s+INDEX\s+CONCURRENTLY\s+(IF\s+EXISTS\s+)?{_TABLE}", _SHARED, "none"),
        (rf"ALTER\s+TABLE\s+{_TABLE}\s+DETACH\s+PARTITION\s+.*\bCONCURRENTLY\b", _SHARED, "none"),
        (rf"VACUUM\s+(\([^)]*\bFULL\b[^)]*\)|FULL)\s+(ANALYZE\s+)?{_TABLE}", _ALONE, "rewrite"),
        (rf"VACUUM\s+(\([^)]*\)\s*)?(ANALYZE\s+)?{_TABLE}", _SHARED, "scan"),
    )
)


def split(text: str) -> list[str]:
    """Return the statements of ``text``, each without its semicolon. A body BEGIN ATOMIC is left in one."""
    if _ATOMIC.search(text):
        return [text]
    return [part.strip() for part in _parts(text) if bare(part)]


def _parts(text: str) -> Iterator[str]:
    begin = 0
    for found in _WHOLE.finditer(text):
        if found["end"]:
            yield text[begin : found.start()]
            begin = found.end()
    yield text[begin:]


def bare(statement: str) -> str:
    """Return ``statement`` on one line, without comments."""
    return " ".join(_COMMENTS.sub(" ", statement).split())


def rule_of(statement: str) -> tuple[str, str, str] | None:
    """Return table, lock and work of what runs in no transaction, where a rule knows it."""
    for pattern, lock, work in RULES:
        if found := pattern.match(bare(statement)):
            return found["table"], lock, work
    return None
