"""Amounts as the database keeps them."""

from collections.abc import Iterable
from decimal import Decimal

Amount = Decimal | float


def exact(amounts: Iterable[Amount | None]) -> list[Decimal | None]:
    """Return the amounts as decimals, each as it is written: one array takes one type, and 0.1 is a tenth."""
    return [None if amount is None else Decimal(str(amount)) for amount in amounts]
