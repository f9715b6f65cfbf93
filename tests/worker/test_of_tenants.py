"""Jobs of tenants: each in a transaction of its own, and one that fails stops no other."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.errors import Conflict
from rollbook.core.settings import settings
from rollbook.core.tenancy import ensure_tenant
from rollbook.ops.runs import Noted
from rollbook.ops.work import Work
from rollbook.testing.databases import Database
from rollbook.worker import of_tenants
from rollbook.worker.errors import TenantsFailed


@pytest.fixture
def two_tenants(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", fresh_database.url)
    monkeypatch.setenv("ROLLBOOK_OWNER_URL", fresh_database.owner_url)
    settings.cache_clear()
    for slug in ("elm", "oak"):
        with Session(engine_for(fresh_database.url)) as db, db.begin():
            ensure_tenant(db, slug, name=slug)
    yield fresh_database
    settings.cache_clear()


class NoLuck(Conflict):
    """It did not work."""


@pytest.mark.usefixtures("two_tenants")
def test_seals_are_set_and_found_whole_and_a_forgery_is_a_finding(two_tenants: Database) -> None:
    sealed, checked, forged = Noted(uuid4()), Noted(uuid4()), Noted(uuid4())
    of_tenants.seal(sealed)
    of_tenants.check_seals(checked)

    assert set(sealed.facts["hashes"]) == {"elm", "oak"}
    assert len(sealed.facts["hashes"]["oak"]) == 64
    assert (checked.facts["findings"], checked.has_findings) == ({"elm": 0, "oak": 0}, False)

    with engine_for(two_tenants.owner_url).begin() as db:
        db.execute(text("ALTER TABLE audit_writes NO FORCE ROW LEVEL SECURITY"))
        db.execute(text("UPDATE audit_writes SET who = 'nobody'"))
    of_tenants.check_seals(forged)
    assert forged.has_findings


@pytest.mark.usefixtures("two_tenants")
def test_one_that_fails_stops_no_other() -> None:
    done = []

    def work(at: Work) -> None:
        if at.tenant.slug == "elm":
            raise NoLuck
        done.append(at.tenant.slug)

    with pytest.raises(TenantsFailed, match=r"1 of 2 tenants. Of elm: It did not work."):
        of_tenants._each(work)

    assert done == ["oak"]
