"""Cells that a spreadsheet takes for formulas: guarded when written, given back as they were when read."""

from typing import Final

from psycopg import Connection, sql

from rollbook.core.output import FORMULA

GUARD: Final = "'"
# One that begins with the guard itself is guarded too: to take one away always gives back what was there.
_GUARDED: Final = (GUARD, *FORMULA)


def guarded(cell: str) -> str:
    """Return ``cell`` with a guard before it if it needs one."""
    return GUARD + cell if cell.startswith(_GUARDED) else cell


def unguarded(cell: str) -> str:
    """Return what ``guarded`` was given."""
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith(_GUARDED) else cell


def restore_cells(raw: Connection[tuple[object, ...]], stage: str, columns: list[str]) -> None:
    """Take the guards away from every value of a staging table, as ``unguarded`` does."""
    for name in columns:
        query = sql.SQL(
            "UPDATE {} SET {column} = substr({column}, 2)"
            " WHERE left({column}, 1) = %s AND substr({column}, 2, 1) = ANY(%s)"
        )
        raw.execute(query.format(sql.Identifier(stage), column=sql.Identifier(name)), [GUARD, list(_GUARDED)])
