"""The schemas of the systems that came before, as views over our tables; `docs/howto/bring-your-queries.md`.

The views themselves are made by migrations (``migrations/compat``): a view that changes is made anew by a new
one. Here is what code of those systems needs beside them.
"""

from rollbook.exchange.compat.grouping import group_by_key

__all__ = ["group_by_key"]
