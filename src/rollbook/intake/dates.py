"""How dates are written: ISO unless somebody says otherwise. No way is guessed silently."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, func

from rollbook.core.errors import Invalid

_PATTERN: Final = re.compile(r"(YYYY|MM|DD)([-/. ]?)(YYYY|MM|DD)\2(YYYY|MM|DD)")
_DIGITS: Final = "0123456789"
_ORDERS: Final = (("YYYY", "MM", "DD"), ("MM", "DD", "YYYY"), ("DD", "MM", "YYYY"))
_SEPARATORS: Final = ("-", "/", ".", "")


class DateFormatUnknown(Invalid):
    """'{pattern}' is no date format. Write it with YYYY, MM and DD, such as MM/DD/YYYY or DD.MM.YYYY."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """The order of year, month and day, and what stands between them.

    Where something does, and it is not ISO, days and months may have one digit.
    """

    order: tuple[str, str, str]
    separator: str

    def __str__(self) -> str:
        """Write it as a user does."""
        return self.separator.join(self.order)

    @property
    def _is_fixed(self) -> bool:
        return not self.separator or self == ISO

    def has_shape(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Say that ``value`` has digits where they belong, and nothing else."""
        marks = func.translate(value, _DIGITS, "")
        parts = self._split(value)
        if self._is_fixed:
            cut = (marks == self.separator * 2, func.length(value) == len(str(self)))
            lengths = [func.translate(part, "-", "") == part for part in parts] if self.separator else []
            return and_(*cut, *lengths)
        lengths = [
            func.length(part) == len(what) if what == "YYYY" else func.length(part).between(1, len(what))
            for part, what in zip(parts, self.order, strict=True)
        ]
        return and_(marks == self.separator * 2, *lengths)

    def parts(self, value: ColumnElement[str]) -> Sequence[ColumnElement[str]]:
        """Return the texts of year, month and day, in this order, with leading zeros."""
        found = dict(zip(self.order, self._split(value), strict=True))
        month, day = found["MM"], found["DD"]
        if not self._is_fixed:
            month, day = func.lpad(month, 2, "0"), func.lpad(day, 2, "0")
        return [found["YYYY"], month, day]

    def _split(self, value: ColumnElement[str]) -> Sequence[ColumnElement[str]]:
        if not self._is_fixed:
            return [func.split_part(value, self.separator, nr) for nr in (1, 2, 3)]
        pieces, at = [], 1
        for what in self.order:
            pieces.append(func.substr(value, at, len(what)))
            at += len(what) + len(self.separator)
        return pieces


ISO: Final = DateFormat(("YYYY", "MM", "DD"), "-")
USUAL: Final = tuple(DateFormat(order, mark) for order in _ORDERS for mark in _SEPARATORS)


def parse_date_format(pattern: str) -> DateFormat:
    """Return the format that ``pattern`` describes.

    Raises: ``DateFormatUnknown``.
    """
    found = _PATTERN.fullmatch(pattern.strip().upper())
    if not found or len({found[1], found[3], found[4]}) != len(_ORDERS[0]):
        raise DateFormatUnknown(pattern=pattern)
    return DateFormat((found[1], found[3], found[4]), found[2])
