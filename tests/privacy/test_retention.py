"""What is past its rule goes whole, and nothing else: not of who is enrolled, held, or of another tenant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, Table, create_engine, func, insert, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from privacy.cast import STRINGS, Cast, keep_subject
from rollbook.audit.sealing import seal, verify
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.privacy import retention
from rollbook.privacy.about import TABLES, history_of
from rollbook.privacy.amending import request_amendment
from rollbook.privacy.holds import end_hold, place_hold
from rollbook.privacy.periods import set_period
from rollbook.privacy.retention import Removed, count_past, remove_past
from rollbook.privacy.retention_rules import GOES_WITH, RULES, Period
from rollbook.testing.databases import Database

LEFT = date(2026, 6, 2)
LATER = date(2034, 1, 1)
# Tables that have rows of the subject, and a rule that counts from leaving.
OF_SUBJECT = ("attendance_records", "grades", "incident_participants", "predictions", "student_features")
LEAVE = text("UPDATE student_school_enrollments SET exit_on = :left, known_at = now() WHERE student_id = :id")
# Of the district's other leavers nobody knows when they left: the subject is the only one.
FORGET = text(
    "DELETE FROM student_school_enrollments WHERE student_id <> :id AND student_id NOT IN"
    " (SELECT student_id FROM student_school_enrollments WHERE exit_on IS NULL)"
)


@dataclass
class World:
    """A tenant with the subject, who has left, sealed once; and another tenant just like it."""

    app: Engine
    owner: Engine
    tenant_id: int
    cast: Cast
    other_id: int

    def remove(self, *, undo: bool = False, tenant_id: int | None = None) -> Removed:
        with Session(self.owner) as db:
            look_through(db, Visibility(tenant_id or self.tenant_id))
            removed = remove_past(db, db.get_one(Tenant, tenant_id or self.tenant_id))
            if undo:
                db.rollback()
            db.commit()
        return removed

    def count_past(self) -> dict[str, int]:
        with transaction(self.owner, Visibility(self.tenant_id)) as db:
            return {k: v for k, v in count_past(db, db.get_one(Tenant, self.tenant_id)).items() if v}

    def rows(self, tenant_id: int | None = None) -> dict[str, int]:
        """Return how many rows every table has, of the tenant."""
        of = tenant_id or self.tenant_id
        with transaction(self.app, Visibility(of)) as db:
            return {name: _count(db, table, of) for name, table in TABLES.items() if "tenant_id" in table.c}

    def of_student(self, student_id: UUID) -> dict[str, int]:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            tables = {name: table for name, table in TABLES.items() if "student_id" in table.c}
            found = {
                name: db.scalar(
                    select(func.count()).select_from(table).where(table.c.student_id == student_id)
                )
                for name, table in tables.items()
            }
        return {name: count for name, count in found.items() if count}

    def write(self, statement: str, **facts: object) -> None:
        with transaction(self.owner, Visibility(self.tenant_id)) as db:
            db.execute(text(statement), facts)

    def keep(self, table: str, period: Period) -> None:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            set_period(db, self.tenant_id, table, period, reason="board 2033-4")

    def seal(self) -> None:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            seal(db, self.tenant_id, patience_s=5)

    def findings(self) -> list[str]:
        with transaction(self.app, Visibility(self.tenant_id)) as db:
            return [one.kind for one in verify(db, self.tenant_id).findings]


def _count(db: Session, table: Table, tenant_id: int) -> int:
    return db.scalar(select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)) or 0


@pytest.fixture
def world(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    app, owner = (create_engine(url) for url in (fresh_database.url, fresh_database.owner_url))
    made = []
    for slug in ("privacy", "other"):
        with Session(app) as db, db.begin():
            tenant = ensure_tenant(db, slug, name="Privacy Schools")
            look_through(db, Visibility(tenant.tenant_id))
            cast = keep_subject(db, tenant)
            db.execute(FORGET, {"id": cast.student_id})
            db.execute(LEAVE, {"left": LEFT, "id": cast.student_id})
            made.append((tenant.tenant_id, cast))
    on(monkeypatch, LATER)
    world = World(app, owner, *made[0], made[1][0])
    world.seal()
    yield world
    app.dispose()
    owner.dispose()


def on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Let it be ``day`` wherever the tenant is."""
    monkeypatch.setattr(clock, "today_in", lambda _: day)


def test_what_the_rule_names_is_gone_with_its_versions_and_nobody_elses_is(world: World) -> None:
    before, classmate = world.of_student(world.cast.student_id), world.of_student(world.cast.classmate_id)
    other, others_rows = world.rows(world.other_id), world.rows()
    removed = world.remove()
    after = world.of_student(world.cast.student_id)

    assert set(OF_SUBJECT) <= set(before), "else nothing could be missing"
    assert {"attendance_records_history", "training_feedback"} <= set(before)
    ruled = {*(name for name, rule in RULES.items() if rule.since == "leaving"), *GOES_WITH}
    assert {name for name in after if name.removesuffix("_history") in ruled} == set()
    assert after["student_school_enrollments"] == before["student_school_enrollments"]
    assert {"students", "disclosures"} <= set(after)
    assert world.of_student(world.cast.classmate_id) == classmate, "who is enrolled has all"
    assert world.rows(world.other_id) == other
    assert {name: others_rows[name] - rows for name, rows in world.rows().items() if name in OF_SUBJECT} == {
        name: removed.rows[name] for name in OF_SUBJECT
    }


def test_a_dry_run_changes_nothing_and_tells_what_the_run_removes(world: World) -> None:
    before = world.rows()
    counted = world.count_past()
    tried = world.remove(undo=True)
    between = world.rows()
    done = world.remove()

    assert between == before
    assert tried == done
    assert {name: rows for name, rows in done.rows.items() if not name.endswith("_history")} == counted
    assert done.redactions > 0


def test_a_second_run_removes_nothing(world: World) -> None:
    world.remove()
    before = world.rows()

    assert world.remove() == Removed({}, 0)
    assert world.rows() == before


@pytest.mark.parametrize(("days", "is_past"), [(0, False), (1, True)])
def test_the_last_day_is_still_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, days: int, *, is_past: bool
) -> None:
    on(monkeypatch, LEFT.replace(year=LEFT.year + 3) + timedelta(days=days))

    assert ("grades" in world.remove().rows) is is_past


def test_nothing_goes_of_who_is_held_or_waits_for_a_decision(world: World) -> None:
    student_id = world.cast.student_id
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        place_hold(db, world.tenant_id, student_id, "case 12")
    before = world.rows()
    assert set(world.remove(undo=True).rows) & set(OF_SUBJECT) == set()
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        end_hold(db, world.tenant_id, student_id)
        asked = request_amendment(
            db, world.tenant_id, student_id, about="grades", asked="x", asked_by="the mother"
        )
        assert asked.state == "asked"

    assert world.remove().rows == {}
    assert world.rows()["grades"] == before["grades"]
    world.write("UPDATE amendment_requests SET state = 'refused', decision = 'no', decided_at = now()")
    assert set(OF_SUBJECT) <= set(world.remove().rows)


def test_who_came_back_is_untouched(world: World) -> None:
    world.write(
        "INSERT INTO student_school_enrollments"
        " (tenant_id, student_id, school_id, school_year, grade_level, entry_on, is_primary)"
        " SELECT tenant_id, student_id, school_id, 2034, grade_level, '2033-09-01', true"
        " FROM student_school_enrollments WHERE student_id = :id LIMIT 1",
        id=world.cast.student_id,
    )

    assert set(world.remove().rows) & set(OF_SUBJECT) == set()


def test_absences_stay_where_silence_means_present(world: World) -> None:
    world.write(
        "INSERT INTO attendance_submissions (tenant_id, school_id, is_by_exception)"
        " SELECT DISTINCT tenant_id, school_id, true FROM student_school_enrollments"
        " ON CONFLICT (tenant_id, school_id) DO UPDATE SET is_by_exception = true, known_at = now()"
    )
    rows = world.remove().rows

    assert "attendance_records" not in rows
    assert "grades" in rows


def test_a_shared_incident_stays_and_an_own_one_goes(world: World) -> None:
    world.remove()
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        left = set(db.scalars(text("SELECT incident_id FROM discipline_incidents")))
        kept = set(db.scalars(text("SELECT incident_id FROM discipline_incidents_history")))

    assert world.cast.shared_incident_id in left
    assert world.cast.incident_id not in left | kept


def test_the_log_has_no_value_of_it_and_the_seals_hold(world: World) -> None:
    said = "SELECT count(*) FROM audit_writes WHERE strpos(changes::text, :said) > 0"
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        before = db.scalar(text(said), {"said": STRINGS["reason"]})
    removed = world.remove()
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        after = db.scalar(text(said), {"said": STRINGS["reason"]})
        noted = db.execute(text("SELECT basis, removed, redactions FROM erasures")).one()
    world.seal()

    assert (before, after) == (1, 0)
    assert tuple(noted) == (retention.BASIS, removed.rows, removed.redactions)
    assert world.findings() == []


def test_a_tenant_keeps_longer_or_less(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.keep("grades", Period(10))
    rows = world.remove(undo=True).rows
    assert "grades" not in rows
    assert "predictions" in rows
    world.keep("grades", Period(days=10))
    on(monkeypatch, LEFT + timedelta(days=11))

    assert set(world.remove().rows) & set(OF_SUBJECT) == {"grades"}
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        assert db.execute(text("SELECT keep_years FROM retention_rules_history")).scalars().all() == [10]
        assert db.scalar(text("SELECT count(*) FROM audit_writes WHERE table_name = 'retention_rules'")) == 2
    with transaction(world.app, Visibility(world.other_id)) as db:
        assert db.scalar(text("SELECT count(*) FROM retention_rules")) == 0


def test_a_run_that_fails_leaves_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError

    before = world.rows()
    with monkeypatch.context() as failing:
        failing.setattr(retention, "_redact", fail)
        with pytest.raises(RuntimeError):
            world.remove()

    assert world.rows() == before
    assert world.findings() == []
    assert set(OF_SUBJECT) <= set(world.remove().rows)


def test_the_app_itself_cannot(world: World) -> None:
    with transaction(world.app, Visibility(world.tenant_id)) as db, pytest.raises(ProgrammingError):
        remove_past(db, db.get_one(Tenant, world.tenant_id))


@pytest.mark.parametrize("is_held", [False, True])
def test_accounts_leftovers_go_by_their_own_day(world: World, *, is_held: bool) -> None:
    users = TABLES["users"]
    with transaction(world.app, Visibility(world.tenant_id)) as db:
        zone = ZoneInfo(db.get_one(Tenant, world.tenant_id).time_zone)
        midnight = datetime(2033, 12, 2, tzinfo=zone)
        user_id = db.scalar(select(users.c.user_id).where(users.c.email == STRINGS["account"]))
        for table, column in (("user_sessions", "expires_at"), ("known_devices", "last_used_at")):
            kept = midnight - timedelta(days=0 if table == "user_sessions" else 150)
            for hashed, at in ((b"1", kept), (b"2", kept - timedelta(seconds=1))):
                facts = {"token_hash": hashed, "user_id": user_id, column: at}
                db.execute(insert(TABLES[table]).values(tenant_id=world.tenant_id, **facts))
        if is_held:
            place_hold(db, world.tenant_id, world.cast.student_id, "case 12")
    rows = world.remove().rows

    gone = {name: rows.get(name, 0) for name in ("user_sessions", "known_devices", "intake_rejects")}
    assert gone == dict.fromkeys(gone, 0 if is_held else 1)
    assert history_of("user_sessions") is None
