"""Look over the database itself: its roles, its walls, and whether what people type into it is kept."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.sql import named_sql
from rollbook.ops.cluster import SUPERUSER
from rollbook.ops.roles import APP, BACKUP, OWNER

_SQL: Final = named_sql("rollbook.ops", "doctor.sql")
_SHOWN: Final = 5


def look_over(db: Session, *, is_ours: bool) -> list[Checked]:
    """Return what is found; ``db`` is connected as the owner's role, to a server that we run or not.

    Our own server's superuser is no person: its password is a file that only the server's account reads.
    """
    ours = [APP, OWNER, BACKUP, *([SUPERUSER] if is_ours else [])]
    return [_app_role(db), _walls(db), *_raw_sql(db, ours)]


def _app_role(db: Session) -> Checked:
    powers = list(db.scalars(_SQL["app_powers"], {"app": APP, "owner": OWNER}))
    if not powers:
        return fine("role", f"The application's role, {APP}, owns nothing and passes no wall.")
    return Checked(
        "role",
        State.WRONG,
        f"The application's role, {APP}, {listed(powers)}: row-level security does not hold it.",
        f"As a superuser: ALTER ROLE {APP} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION;"
        f" REVOKE {OWNER} FROM {APP}; REASSIGN OWNED BY {APP} TO {OWNER};",
    )


def _walls(db: Session) -> Checked:
    open_tables = list(db.scalars(_SQL["unwalled"]))
    if not open_tables:
        return fine("walls", "Every table and partition forces row-level security.")
    return Checked(
        "walls",
        State.WRONG,
        f"{len(open_tables)} tables do not force row-level security: {listed(open_tables)}.",
        "ALTER TABLE ... ENABLE ROW LEVEL SECURITY; ALTER TABLE ... FORCE ROW LEVEL SECURITY;",
    )


def _raw_sql(db: Session, ours: list[str]) -> Iterator[Checked]:
    """Say of whoever types SQL whether it is kept: the disclosure log sees only what Rollbook reads."""
    people = db.execute(_SQL["people_with_sql"], {"ours": ours}).all()
    unseen = [one.name for one in people if not one.is_logged and not one.is_superuser]
    supers = [one.name for one in people if one.is_superuser and not one.is_logged]
    if unseen:
        yield Checked(
            "raw-sql",
            State.WRONG,
            f"What {listed(unseen)} read in SQL is written down nowhere.",
            "As a superuser: ALTER ROLE ... SET log_statement = 'all'; or load pgaudit and set pgaudit.log.",
        )
    elif len(people) > len(supers):
        yield fine("raw-sql", "What roles with SQL read is kept by pgaudit or in the server's log.")
    else:
        yield fine("raw-sql", "No role but Rollbook's own reads its tables.")
    if supers:
        yield Checked(
            "superusers",
            State.WARNING,
            f"Superusers see everything, and what {listed(supers)} type is written down nowhere.",
            "Keep their passwords from people; or ALTER ROLE ... SET log_statement = 'all'.",
        )


def listed(names: Iterable[str]) -> str:
    """Return the first few of ``names``, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
