"""Bytes and times as people say them."""

from typing import Final

_BYTES: Final = ("bytes", "kB", "MB", "GB", "TB", "PB")
_K: Final = 1024
_SPANS: Final = ((86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes"))
_FROM: Final = 2
_TWO_DIGITS: Final = 10


def size(count: float) -> str:
    """Return "1.4 GB"."""
    value, unit = float(count), _BYTES[0]
    for unit in _BYTES:  # noqa: B007 -- the last one that fits is wanted
        if abs(value) < _K:
            break
        value /= _K
    digits = 0 if unit == _BYTES[0] or abs(value) >= _TWO_DIGITS else 1
    return f"{value:,.{digits}f} {unit}"


def span(seconds: float) -> str:
    """Return "3 minutes"; two of a unit at least, as people say 90 seconds."""
    for length, one, many in _SPANS:
        if seconds >= _FROM * length or (seconds >= length and length == _SPANS[0][0]):
            number = round(seconds / length)
            return f"{number:,} {one if number == 1 else many}"
    number = round(seconds)
    return f"{number} second{'s' if number != 1 else ''}"


def share(part: float, whole: float) -> str:
    """Return "46%"; never 100% of what is not all."""
    rounded = round(100 * part / whole) if whole else 0
    return f"{min(rounded, 99) if part < whole else rounded}%"
