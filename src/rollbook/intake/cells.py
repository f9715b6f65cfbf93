"""Cells that a spreadsheet takes for formulas: guarded when written, given back as they were when read."""

from typing import Final

from psycopg import Connection, sql

# A cell that begins like this is run by a spreadsheet; one that begins with the guard itself is guarded too,
# so that taking one guard away always gives back what was there.
DANGEROUS: Final = "=+-@\t\r"
GUARD: Final = "'"


def guarded(cell: str) -> str:
    """Return ``cell`` with a guard before it if it needs one."""
    return GUARD + cell if cell.startswith((GUARD, *DANGEROUS)) else cell


def unguarded(cell: str) -> str:
    """Return what ``guarded`` was given."""
    return cell[1:] if cell.startswith(GUARD) and cell[1:].startswith((GUARD, *DANGEROUS)) else cell


def restore_cells(raw: Connection[tuple[object, ...]], stage: str, columns: list[str]) -> None:
    """Take the guards away from every value of a staging table, as ``unguarded`` does."""
    for name in columns:
        query = sql.SQL("UPDATE {} SET {column} = substr({column}, 2) WHERE {column} ~ {guarded}")
        pattern = sql.Literal(f"^{GUARD}[{GUARD}=+@\t\r-]")
        raw.execute(query.format(sql.Identifier(stage), column=sql.Identifier(name), guarded=pattern))
