"""Addresses of a page that is a filtered, sorted, paged table: with its filter kept or not, as a file."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

Address = Callable[..., str]


def addresses(
    path: str, kept: Mapping[str, object], *, always: Mapping[str, object] | None = None
) -> Address:
    """Return what makes the page's addresses from what its own address says.

    ``kept`` stays where the filter does, ``always`` in every address; what is empty is left out.
    """

    def address(*, file: str = "", keep: bool = False, **changes: object) -> str:
        parts = {**(always or {}), **(kept if keep else {}), **changes}
        query = urlencode(
            {name: str(value) for name, value in parts.items() if value not in (None, "", False)}
        )
        return f"{path}{file}" + (f"?{query}" if query else "")

    return address
