"""A tenant of the test's own: its transactions and its rows."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, look_through


class OwnTenant:
    """A tenant at ``url``, all of which is seen."""

    url: str
    slug: str

    def session(self) -> Session:
        """Return a session that sees the whole tenant, until its first commit."""
        db = Session(engine_for(self.url, statement_timeout_s=0))
        look_through(db, Visibility(find_tenant(db, self.slug).tenant_id))
        return db

    def rows(self, query: str, **facts: object) -> list[tuple[Any, ...]]:
        with self.session() as db:
            return [tuple(row) for row in db.execute(text(query), facts)]
