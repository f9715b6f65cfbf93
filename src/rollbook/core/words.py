"""Words that every door says in the same way."""


def many(count: float, one: str, more: str | None = None) -> str:
    """Return "1 table" or "3,714 tables"."""
    return f"{count:,.0f} {one if count == 1 else more or one + 's'}"
