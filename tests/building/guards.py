"""Run the guards of guards.sql and lints.sql, and know the faults that each has to notice."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

_HERE: Final = Path(__file__).parent


def _read(file: str) -> dict[str, str]:
    _, *parts = (_HERE / file).read_text(encoding="utf-8").split("-- name: ")
    named = (part.split("\n", 1) for part in parts)
    return {name.strip(): text.strip().removesuffix(";") for name, text in named}


GUARDS: Final = _read("guards.sql") | _read("lints.sql")
_FAULTS: Final = _read("planted.sql") | _read("planted_lints.sql")
PLANTED: Final = {guard: faults.split(";\n") for guard, faults in _FAULTS.items()}
_OURS: Final = (_HERE / "ours.sql").read_text(encoding="utf-8")


def faults(owner: Connection, guard: str) -> list[str]:
    """Return what ``guard`` finds wrong, in a transaction that the caller rolls back."""
    owner.exec_driver_sql("DROP VIEW IF EXISTS our_tables, our_relations, our_functions")
    owner.exec_driver_sql(_OURS)
    found = owner.exec_driver_sql(GUARDS[guard].replace("%", "%%")).scalars()
    return sorted(str(fault) for fault in found)
