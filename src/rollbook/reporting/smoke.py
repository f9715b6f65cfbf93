"""What a restored database is asked before anybody works with it: does the application see what it should?"""

from dataclasses import replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.curriculum.models import Section
from rollbook.ops import keys_health, migrate
from rollbook.ops.archive import health as archive_health
from rollbook.ops.archive.store import store_of
from rollbook.roster.models import Student

_NAME: Final = "restored"


def look_over(url: str, owner_url: str) -> list[Checked]:
    """Return what is found of the database that the two roles reach so; nothing stays connected."""
    try:
        schema = _schema(owner_url)
        if schema.state is not State.FINE:
            return [schema]
        return [schema, _walls(url), _tenants(url, owner_url), _encrypted(owner_url), *_archived(owner_url)]
    finally:
        close_engines(url)
        close_engines(owner_url)


def _schema(owner_url: str) -> Checked:
    """A backup of an older release is no fault: `rollbook up` migrates what it finds."""
    if missing := len(migrate.pending(owner_url)):
        said = f"It is {missing} migrations older than this release."
        return Checked(_NAME, State.WARNING, said, "rollbook db migrate")
    return fine(_NAME, "Its schema is this release's.")


def _walls(url: str) -> Checked:
    """Without a tenant the application's role must see nothing."""
    with Session(engine_for(url)) as db:
        if db.scalar(select(func.count()).select_from(Student)):
            return Checked(_NAME, State.WRONG, "Row-level security does not hold the application's role.")
    return fine(_NAME, "Row-level security holds the application's role.")


def _tenants(url: str, owner_url: str) -> Checked:
    """As pages do: each tenant's students and sections, by the application's role."""
    with Session(engine_for(owner_url)) as db:
        tenants = list(db.scalars(select(Tenant.tenant_id)))
    students = sections = 0
    for tenant_id in tenants:
        with transaction(engine_for(url), Visibility(tenant_id)) as db:
            students += db.scalar(select(func.count()).select_from(Student)) or 0
            sections += db.scalar(select(func.count()).select_from(Section)) or 0
    return fine(
        _NAME, f"{len(tenants)} tenants answer, with {students:,} students and {sections:,} sections."
    )


def _encrypted(owner_url: str) -> Checked:
    """A ring that does not fit is no reason to refuse what can be read without it."""
    found = keys_health.look_over(owner_url)
    return replace(found, state=State.WARNING) if found.state is State.WRONG else found


def _archived(owner_url: str) -> list[Checked]:
    """A database of an earlier hour names files that were written anew since: no fault of the backup."""
    found = [one for one in archive_health.look_over(owner_url, store_of()) if one.name.startswith("archive")]
    return [replace(one, state=State.WARNING) if one.state is State.WRONG else one for one in found]
