"""What a spreadsheet would run instead of showing it."""

from typing import Final

# A cell that begins so is taken for a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet_cell(value: object) -> object:
    """Return ``value`` so that a spreadsheet does not run it."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value
