"""The database of the proof, made once: a generated district and another tenant, the cast, the viewers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session

from access.proof import filling, people
from access.proof.catalogue import Connection, Table, tables_of
from access.proof.facts import Facts, at_school, read_facts, students_of
from access.proof.filling import Fields
from access.proof.matrix import FUNCTION, Matrix
from access.proof.oracle import Oracle, Row, Viewer
from access.proof.people import People
from rollbook.access.bi_roles import add_bi_role
from rollbook.access.service import visibility_of
from rollbook.accounts.models import User
from rollbook.core import clock
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, look_through, transaction
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.logins import drop_login, make_login
from rollbook.testing.databases import Database, TestServer

SETTINGS: Final = ("rollbook.tenant", "rollbook.scope", "rollbook.students")
_TRIES: Final = 2


@dataclass(frozen=True)
class World:
    """What the proof needs to know."""

    database: Database
    server: TestServer
    people: People
    matrix: Matrix
    viewers: dict[str, Viewer]

    @contextmanager
    def superuser(self) -> Iterator[Connection]:
        """Lend a transaction of somebody who may be anybody; it is rolled back."""
        with connect_as_superuser(self.server.settings, make_url(self.database.url).database or "") as db:
            db.autocommit = False
            yield db
            db.rollback()


@contextmanager
def built(server: TestServer) -> Iterator[World]:
    """Build it, in a database of its own."""
    with ExitStack() as stack, server.database() as database:
        engine = engine_for(database.url, statement_timeout_s=0)
        with Session(engine) as db, db.begin():
            cast = people.build(db)
        stack.enter_context(_bi_roles(server, database, cast))
        with connect_as_superuser(server.settings, make_url(database.url).database or "") as superuser:
            filling.clear_the_way(superuser)
            superuser.execute(FUNCTION)
            unborn = filling.fill(superuser, cast)
            tables = tables_of(superuser)
            oracle = Oracle(
                {table.name: _rows(superuser, table) for table in tables if not table.is_partition}
            )
            with Session(engine) as db:
                viewers = {viewer.name: viewer for viewer in _viewers(db, superuser, cast, oracle, unborn)}
        yield World(database, server, cast, Matrix(oracle, tables, unborn), viewers)
        close_engines(database.url)
        close_engines(database.owner_url)


def _rows(superuser: Connection, table: Table) -> dict[str, Row]:
    interesting = {"tenant_id", "student_id", "guardian_id", "incident_id", "email", "password_hash", "slug"}
    interesting |= {"token_hash", "key_hash", "last_failed_at", "school_id", "role_name"}
    chosen = sorted(interesting & set(table.columns))
    fields = ", ".join(f"'{name}', {name}" for name in chosen)
    found = superuser.execute(f"SELECT {table.key_text}, jsonb_build_object({fields}) FROM {table.name}")
    return dict(found.fetchall())


def _viewers(
    db: Session, superuser: Connection, cast: People, oracle: Oracle, unborn: dict[str, list[Fields]]
) -> Iterator[Viewer]:
    """Yield every user, by the product and by the oracle, and who is no user: programs, the owner, nobody."""
    facts = read_facts(superuser, clock.now().date())
    for tenant_id in (cast.north, cast.south):
        for user in facts.of("users", tenant_id=tenant_id):
            if not user.full_name.startswith("v"):
                settings = _settings(db, tenant_id, user.user_id)
                yield Viewer(user.email, settings, tenant_id, students_of(facts, user))
    nowhere = {"rollbook.tenant": "999999", "rollbook.scope": "tenant"}
    yield Viewer("nobody")
    yield Viewer("somebody without a tenant", {"rollbook.scope": "tenant"})
    yield Viewer("somebody of no tenant", nowhere, 999999, None)
    yield from _owners(cast)
    yield from _bi(cast, facts)
    yield from _shown(oracle, unborn)


def _settings(db: Session, tenant_id: int, user_id: object) -> dict[str, str]:
    """Return what the product sets for a user's transaction."""
    with db.begin():
        look_through(db, Visibility(tenant_id))
        user = db.scalars(select(User).where(User.user_id == user_id)).one()
        look_through(db, visibility_of(db, user))
        told = {name: db.scalar(text("SELECT current_setting(:name)"), {"name": name}) for name in SETTINGS}
        return {name: str(value) for name, value in told.items()}


def _owners(cast: People) -> Iterator[Viewer]:
    """Yield the owner of the tables, whom FORCE binds as anybody."""
    owner, one = "rollbook_owner", frozenset({cast.students["counseled"]})
    whole = {"rollbook.tenant": str(cast.north), "rollbook.scope": "tenant"}
    few = {
        "rollbook.tenant": str(cast.north),
        "rollbook.scope": "students",
        "rollbook.students": "{" + ",".join(map(str, one)) + "}",
    }
    counting = {"rollbook.counts_emails": "yes"}
    yield Viewer("the owner", role=owner)
    yield Viewer("the owner who counts emails", counting, role=owner)
    yield Viewer("who would count emails", counting)
    yield Viewer("the owner in a tenant", whole, cast.north, None, owner)
    yield Viewer("the owner before one student", few, cast.north, one, owner)


def _bi(cast: People, facts: Facts) -> Iterator[Viewer]:
    """Yield roles that type SQL: what they set opens nothing."""
    tricks = {
        "rollbook.tenant": str(cast.south),
        "rollbook.scope": "tenant",
        "rollbook.tenant_slug": "south",
        "rollbook.students": "{" + str(cast.abroad) + "}",
        "rollbook.try_keys": "stale",
    }
    (oak,) = facts.of("schools", tenant_id=cast.north, school_code="P1")
    here = frozenset(at_school(facts, cast.north, oak.school_id))
    for settings, how in ((dict[str, str](), ""), (tricks, " who sets everything")):
        yield Viewer(f"bi of a tenant{how}", settings, cast.north, None, "bi_north")
        yield Viewer(f"bi of a school{how}", settings, cast.north, here, "bi_oak", oak.school_id)
        yield Viewer(f"bi of nobody{how}", settings, role="bi_stranger")


@contextmanager
def _bi_roles(server: TestServer, database: Database, cast: People) -> Iterator[None]:
    """Make the roles as `rollbook bi-role add` does, and one that nobody told of."""
    names = ("bi_north", "bi_oak", "bi_stranger")
    for name in names:
        make_login(server.settings, name)
    with transaction(engine_for(database.owner_url), Visibility(cast.north)) as db:
        add_bi_role(db, cast.north, "bi_north")
        add_bi_role(db, cast.north, "bi_oak", "P1")
    yield
    for name in names:
        drop_login(server.settings, name)


def _shown(oracle: Oracle, unborn: dict[str, list[Fields]]) -> Iterator[Viewer]:
    """Yield programs and browsers that have shown something, before any tenant is known."""

    def first(table: str, column: str) -> str:
        return min(str(row[column]) for row in oracle.rows[table].values() if row[column]).removeprefix("\\x")

    yield Viewer("who names an email", {"rollbook.sign_in_email": first("users", "email")})
    yield Viewer("who names a tenant", {"rollbook.tenant_slug": "south"})
    for table, column, name in (
        ("user_sessions", "token_hash", "session_hash"),
        ("known_devices", "token_hash", "device_hash"),
        ("access_tokens", "token_hash", "bearer_hash"),
        ("api_keys", "key_hash", "bearer_hash"),
    ):
        yield Viewer(f"who shows a hash of {table}", {f"rollbook.{name}": first(table, column)})
    tries = [*list(oracle.rows["sign_in_tries"].values())[:_TRIES], *unborn["sign_in_tries"]]
    keys = ",".join(str(row["key_hash"]).removeprefix("\\x") for row in tries)
    yield Viewer("who tries", {"rollbook.try_keys": keys})
    yield Viewer("who sweeps", {"rollbook.try_keys": "stale"})
