"""What is said where the database, or a pooler before it, does not let us try something."""

from collections.abc import Callable, Iterable
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

from rollbook.core.checks import Checked, State
from rollbook.ops.connection.pooler import NoAnswer
from rollbook.ops.roles import APP

MORE_LENT: Final = "Let the pooler lend more connections (default_pool_size), or lend them per transaction."


def told(name: str, look: Callable[[], Iterable[Checked]]) -> list[Checked]:
    """Return what ``look`` finds, or that it was not let."""
    try:
        return list(look())
    except (psycopg.Error, DBAPIError) as error:
        said = getattr(error, "orig", error)
        return [Checked(name, State.WRONG, f"This could not be tried: {reason(said)}.", _mend(said))]


def reason(error: object) -> str:
    """Return what PostgreSQL or libpq says, on one line. Neither quotes a password."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join((primary or str(error)).split()).rstrip(".")


def _mend(said: object) -> str:
    match said:
        case NoAnswer():
            return MORE_LENT
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return "The schema is not the one of this release: `rollbook db migrate`."
        case psycopg.errors.InsufficientPrivilege():
            return f"Let ROLLBOOK_DATABASE_URL sign in as {APP}, or as a role with its rights."
        case _:
            return "Look at what stands between Rollbook and PostgreSQL, such as a pooler, and at its log."
