"""A tenant with somebody to be erased, and what is done to it."""

from dataclasses import dataclass

from sqlalchemy import Engine

from privacy.cast import Cast
from rollbook.audit.sealing import Verified, seal, verify
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.privacy.erasing import Erased, erase

BASIS = "request 2026-17 under the district's policy 7.3"


@dataclass
class World:
    """A tenant with the subject, sealed once, in a database of its own."""

    app: Engine
    owner: Engine
    tenant_id: int
    cast: Cast

    def erase(self, basis: str = BASIS) -> Erased:
        with transaction(self.owner, Visibility(self.tenant_id)) as db:
            return erase(db, db.get_one(Tenant, self.tenant_id), self.cast.student_id, basis=basis)

    def seal(self) -> None:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            seal(db, self.tenant_id, patience_s=5)

    def verify(self) -> Verified:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            return verify(db, self.tenant_id)

    def tamper(self, *statements: str) -> None:
        with transaction(self.owner, Visibility(self.tenant_id)) as db:
            for statement in statements:
                db.connection().exec_driver_sql(statement)
