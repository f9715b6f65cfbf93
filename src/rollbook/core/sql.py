"""Named queries: ``queries.sql`` and ``features.sql`` files, read once, bound by ``:name``."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from sqlalchemy import TextClause, text

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def named_sql(package: str, file: str = "queries.sql") -> Mapping[str, TextClause]:
    """Return the queries of ``package``'s ``file`` by name.

    Shape:  each starts with a line ``-- name: query_name``; all up to the next such line is its text.
    """
    source = files(package).joinpath(file).read_text(encoding="utf-8")
    _, *parts = _NAME.split(source)
    queries = zip(parts[::2], parts[1::2], strict=True)
    return MappingProxyType({name: text(body.strip().rstrip(";")) for name, body in queries})
