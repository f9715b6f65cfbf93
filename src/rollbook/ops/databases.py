"""More databases beside ``rollbook`` on a server of our own: for tests, restores and rehearsals."""

from psycopg import sql

from rollbook.core.settings import Settings
from rollbook.ops import roles
from rollbook.ops.embedded import connect_as_superuser


def create_database(settings: Settings, name: str, *, template: str | None = None) -> None:
    """Make the database ``name``, with the roles' rights as in ``rollbook``; a copy of ``template`` if given.

    Nobody may be connected to the template meanwhile.
    """
    with connect_as_superuser(settings) as db:
        roles.ensure_database(db, name, template)
    if template is None:
        with connect_as_superuser(settings, name) as db:
            roles.open_schema(db)


def drop_database(settings: Settings, name: str) -> None:
    """Drop the database ``name``, ending its sessions; nothing happens where there is none."""
    with connect_as_superuser(settings) as db:
        db.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
