"""Seals: a log that nobody touched verifies; each way to tamper with one is found and called by its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.audit.reading import Reason, disclose
from rollbook.audit.sealing import (
    HashInvalid,
    Sealed,
    TransactionUnderWay,
    Verified,
    seal,
    verify,
)
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

ADA = UUID(int=1)


@dataclass(frozen=True)
class Kept:
    """A tenant with a few writes and disclosures, and who may do what to them."""

    app: Engine
    owner: Engine
    tenant_id: int

    def write(self, *codes: str) -> None:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            for code in codes:
                make.create_school(db, code=code)

    def show(self, *students: UUID) -> None:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            disclose(db, students, Reason("GET /students", "teacher"))

    def seal(self) -> Sequence[Sealed]:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            return seal(db, self.tenant_id, patience_s=1)

    def verify(self, expected: str | None = None) -> Verified:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            return verify(db, self.tenant_id, expected=expected)

    def tamper(self, *statements: str) -> None:
        """Do as the owner what the app cannot."""
        with self.owner.begin() as connection:
            for table in ("audit_writes", "disclosures", "audit_seals"):
                connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
            for statement in statements:
                connection.execute(text(statement))

    def ids(self) -> list[int]:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            return list(db.scalars(text("SELECT write_id FROM audit_writes ORDER BY write_id")))


@pytest.fixture
def kept(fresh_database: Database) -> Iterator[Kept]:
    app, owner = (create_engine(url) for url in (fresh_database.url, fresh_database.owner_url))
    with Session(app) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
    world = Kept(app, owner, tenant_id)
    world.write("A", "B", "C", "D")
    world.show(ADA, UUID(int=2))
    yield world
    app.dispose()
    owner.dispose()


def kinds(found: Verified) -> list[tuple[str, int | None]]:
    return [(one.kind, one.row_id) for one in found.findings]


def test_a_clean_log_verifies_and_says_how_far_it_is_sealed(kept: Kept) -> None:
    first = kept.seal()
    kept.write("E")
    kept.show(ADA)
    unsealed = kept.verify()
    newest = kept.seal()
    sealed = kept.verify(expected=first[-1].hash)

    assert unsealed.findings == sealed.findings == []
    assert (unsealed.rows, unsealed.unsealed) == (7, 2)
    assert (sealed.rows, sealed.unsealed, sealed.seals) == (9, 0, 4)
    assert [(one.log, one.seal_no) for one in newest] == [("writes", 3), ("disclosures", 4)]
    assert kept.seal() == newest, "where nothing is new there is nothing to seal"


def test_an_edited_row_is_found(kept: Kept) -> None:
    kept.seal()
    row = kept.ids()[2]
    kept.tamper(f"UPDATE audit_writes SET who = 'somebody else' WHERE write_id = {row}")

    assert kinds(kept.verify()) == [("edited", row)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("interest", "'principal'"),
        ("at", "at + interval '1 microsecond'"),
        ("student_id", f"'{UUID(int=9)}'"),
    ],
)
def test_an_edited_disclosure_is_found(kept: Kept, column: str, value: str) -> None:
    kept.seal()
    kept.tamper(f"UPDATE disclosures SET {column} = {value} WHERE student_id = '{ADA}'")

    (finding,) = kept.verify().findings

    assert (finding.kind, finding.log) == ("edited", "disclosures")


def test_a_deleted_row_is_found(kept: Kept) -> None:
    kept.seal()
    row = kept.ids()[1]
    kept.tamper(f"DELETE FROM audit_writes WHERE write_id = {row}")

    assert kinds(kept.verify()) == [("deleted", row)]


def test_an_inserted_row_is_found(kept: Kept) -> None:
    with Session(kept.app) as undone:
        look_through(undone, Visibility(kept.tenant_id))
        make.create_school(undone, code="GONE")
        undone.rollback()
    kept.write("E")
    kept.seal()
    *_, one, last = kept.ids()
    free = last - 1
    assert free > one, "a transaction that was rolled back has left its id free"
    kept.tamper(
        f"CREATE TEMP TABLE forged AS SELECT * FROM audit_writes WHERE write_id = {one}",
        f"UPDATE forged SET write_id = {free}, who = 'forged'",
        "INSERT INTO audit_writes SELECT * FROM forged",
        "UPDATE forged SET write_id = -5",
        "INSERT INTO audit_writes SELECT * FROM forged",
    )

    assert kinds(kept.verify()) == [("inserted", -5), ("inserted", free)]


def test_reordered_rows_are_found(kept: Kept) -> None:
    kept.seal()
    one, other = kept.ids()[1:3]
    kept.tamper(
        f"UPDATE audit_writes SET write_id = -1 WHERE write_id = {one}",
        f"UPDATE audit_writes SET write_id = {one} WHERE write_id = {other}",
        f"UPDATE audit_writes SET write_id = {other} WHERE write_id = -1",
    )

    assert kinds(kept.verify()) == [("reordered", one), ("reordered", other)]


def test_a_cut_tail_is_found(kept: Kept) -> None:
    kept.seal()
    *_, one, last = kept.ids()
    kept.tamper(f"DELETE FROM audit_writes WHERE write_id >= {one}")

    assert kinds(kept.verify()) == [("cut", one), ("cut", last)]


def test_a_tail_cut_together_with_its_seals_is_found_by_a_hash_noted_elsewhere(kept: Kept) -> None:
    kept.seal()
    before = kept.ids()[-1]
    kept.write("E")
    noted = kept.seal()[-1].hash
    kept.tamper(
        f"DELETE FROM audit_writes WHERE write_id > {before}", "DELETE FROM audit_seals WHERE seal_no = 3"
    )

    assert kept.verify().findings == [], "nothing that is left tells of it"
    assert [one.kind for one in kept.verify(expected=noted).findings] == ["unexpected"]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day' WHERE seal_no = 1", "seal_edited"),
        ("DELETE FROM audit_seals WHERE seal_no = 1", "seal_missing"),
        ("UPDATE audit_seals SET row_ids[1] = 7, root = 'x' WHERE seal_no = 2", "seal_edited"),
    ],
)
def test_a_seal_that_was_touched_is_found(kept: Kept, statement: str, kind: str) -> None:
    kept.seal()
    kept.tamper(statement)

    assert kind in {one.kind for one in kept.verify().findings}


def test_each_tampering_has_words_of_its_own(kept: Kept) -> None:
    kept.seal()
    rows = kept.ids()
    kept.tamper(
        f"UPDATE audit_writes SET who = 'x' WHERE write_id = {rows[0]}",
        f"DELETE FROM audit_writes WHERE write_id IN ({rows[1]}, {rows[-1]})",
    )

    found = kept.verify().findings

    assert [one.kind for one in found] == ["edited", "deleted", "cut"]
    assert len({one.sentence for one in found}) == 3


def test_nothing_is_sealed_while_another_transaction_may_still_add_below(kept: Kept) -> None:
    with Session(kept.app) as slow, slow.begin():
        look_through(slow, Visibility(kept.tenant_id))
        make.create_school(slow, code="SLOW")
        kept.write("E")
        with pytest.raises(TransactionUnderWay):
            kept.seal()

    kept.seal()

    assert kept.verify().findings == []
    assert kept.verify().unsealed == 0


def test_sealing_needs_a_transaction_that_has_written_nothing(kept: Kept) -> None:
    with Session(kept.app) as db:
        look_through(db, Visibility(kept.tenant_id))
        make.create_school(db, code="E")
        with pytest.raises(DBAPIError, match="a transaction of its own"):
            seal(db, kept.tenant_id)


def test_many_blocks_are_sealed_in_one_chain(kept: Kept) -> None:
    with transaction(kept.app, Visibility(kept.tenant_id)) as db:
        disclose(db, [UUID(int=n) for n in range(1, 60_001)], Reason("GET /students.csv", "teacher"))
    kept.seal()
    kept.tamper(f"DELETE FROM disclosures WHERE student_id = '{UUID(int=59_000)}'")

    found = kept.verify()

    assert (found.seals, found.rows) == (3, 60_007)
    assert [(one.kind, one.log) for one in found.findings] == [("deleted", "disclosures")]


def test_another_tenants_log_is_sealed_apart(kept: Kept) -> None:
    kept.seal()
    with Session(kept.app) as db, db.begin():
        other = ensure_tenant(db, "elm", name="Elm").tenant_id
    with transaction(kept.app, Visibility(other)) as db:
        (sealed,) = seal(db, other)

    assert (sealed.log, sealed.seal_no) == ("writes", 1)
    assert kept.verify().findings == []


@pytest.mark.parametrize("said", ["", "abc", "zz" * 32, "ab" * 31])
def test_what_is_no_hash_is_refused(kept: Kept, said: str) -> None:
    with pytest.raises(HashInvalid):
        kept.verify(expected=said)
