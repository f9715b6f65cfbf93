"""Mappings kept in a file, to be used again for the next delivery."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rollbook.exchange.csv_files.errors import MapFileKept, MapFileUnreadable
from rollbook.exchange.csv_files.mapping import CsvMap, map_of_json

_TABLES = ("columns", "constants")
_TEXTS = ("kind", "delimiter", "encoding", "date_format")


def read_map(path: Path) -> CsvMap:
    """Return the mapping in a TOML file.

    Raises: ``MapFileUnreadable``; ``DateFormatUnknown``.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise MapFileUnreadable(file=path, why=why) from error
    why = next(_faults(told), None)
    if why:
        raise MapFileUnreadable(file=path, why=why)
    return map_of_json(told)


def save_map(path: Path, kind: str, csv_map: CsvMap) -> None:
    """Write the mapping to a TOML file that ``read_map`` reads.

    Raises: ``MapFileKept``.
    """
    try:
        path.write_text("\n".join(_lines(kind, csv_map)) + "\n", encoding="utf-8")
    except OSError as error:
        raise MapFileKept(file=path, why=error.strerror) from error


def _lines(kind: str, csv_map: CsvMap) -> Iterator[str]:
    told = csv_map.as_json
    yield f"kind = {json.dumps(kind)}"
    yield from (f"{name} = {json.dumps(told[name])}" for name in _TEXTS if name in told)
    tables: Iterable[tuple[str, Mapping[str, str]]] = [(name, told[name]) for name in _TABLES]
    for name, pairs in (*tables, *((f"words.{name}", words) for name, words in csv_map.words.items())):
        if pairs:
            yield f"\n[{name}]"
            yield from (f"{_text(key)} = {_text(value)}" for key, value in pairs.items())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Name what is no part of a mapping."""
    for name, value in told.items():
        if name in _TEXTS:
            if not isinstance(value, str):
                yield f"{name} is not a text"
        elif name in _TABLES:
            yield from _table_faults(name, value)
        elif name == "words" and isinstance(value, dict):
            for field, words in value.items():
                yield from _table_faults(f"words.{field}", words)
        else:
            yield f"nobody knows {name}"


def _table_faults(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{name} is not a table"
        return
    yield from (f"{name}.{key} is not a text" for key, one in value.items() if isinstance(one, dict | list))
