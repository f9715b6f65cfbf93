"""Signing in: the right password in the right tenant, and nothing told to anyone else."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from rollbook.accounts import passwords, service, sessions
from rollbook.accounts.models import Role, User, UserSession
from rollbook.accounts.service import SignInFailed
from rollbook.accounts.sessions import NotSignedIn
from rollbook.core import clock
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.testing.databases import Database

PASSWORD = "correct horse battery"


def add(db: Session, tenant: Tenant, email: str = "ada@oak.example", password: str = PASSWORD) -> User:
    return service.add_user(
        db, tenant_id=tenant.tenant_id, email=email, full_name="Ada B", role=Role.TEACHER, password=password
    )


def forget_tenant(db: Session) -> None:
    """Put ``db`` where a request begins: no tenant, no objects."""
    db.flush()
    db.expunge_all()
    db.execute(text("SELECT set_config('rollbook.tenant', '', true), set_config('rollbook.scope', '', true)"))


def other_tenant(db: Session, slug: str = "elm-park") -> Tenant:
    tenant = ensure_tenant(db, slug, name="Elm Park")
    look_through(db, Visibility(tenant.tenant_id))
    return tenant


def test_the_right_password_begins_a_session_that_its_token_finds(db: Session, tenant: Tenant) -> None:
    user_id = add(db, tenant).user_id
    forget_tenant(db)

    signed_in = service.sign_in(db, " ADA@oak.example ", PASSWORD)
    forget_tenant(db)

    assert sessions.find_session(db, signed_in.token).user_id == user_id


def test_the_table_keeps_only_the_hash_of_a_token(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    token = service.sign_in(db, "ada@oak.example", PASSWORD).token

    stored = db.scalars(select(UserSession)).one()

    assert len(token) >= 43, "256 bits in base64"
    assert token.encode() not in stored.token_hash
    assert len(stored.token_hash) == 32


def test_a_password_is_kept_as_argon2id(db: Session, tenant: Tenant) -> None:
    assert (add(db, tenant).password_hash or "").startswith("$argon2id$v=19$")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@oak.example", "correct horse batterz"),
        ("ben@oak.example", PASSWORD),
        ("", PASSWORD),
        ("ada@oak.example\0", PASSWORD),
        ("\ud800@oak.example", "\ud800" * 5000),
    ],
)
def test_anything_else_fails_alike(db: Session, tenant: Tenant, email: str, password: str) -> None:
    add(db, tenant)
    forget_tenant(db)

    with pytest.raises(SignInFailed, match="No active account has this email and password"):
        service.sign_in(db, email, password)


def test_an_unknown_email_costs_one_verification_like_a_wrong_password(
    db: Session, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, tenant)
    verified: list[str] = []

    class Counting:
        def verify(self, kept: str, given: bytes) -> bool:
            verified.append(kept.split("$")[3])
            return bool(real.verify(kept, given))

        def hash(self, given: bytes) -> str:
            return str(real.hash(given))

    real = passwords._HASHER
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for email in ("ada@oak.example", "nobody@oak.example", "no email at all"):
        with pytest.raises(SignInFailed):
            service.sign_in(db, email, "wrong password")

    assert len(verified) == 3
    assert len(set(verified)) == 1, "at the same costs"


def test_one_email_in_two_tenants_means_the_one_whose_password_it_is(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    elm = other_tenant(db)
    in_elm = add(db, elm, password="another long password").user_id
    forget_tenant(db)

    signed_in = service.sign_in(db, "ada@oak.example", "another long password")

    assert (signed_in.user.tenant_id, signed_in.user.user_id) == (elm.tenant_id, in_elm)
    assert len(db.scalars(select(User)).all()) == 1, "afterwards only one's own tenant is in sight"


def test_without_a_tenant_or_a_name_no_user_is_seen(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    forget_tenant(db)

    assert db.scalars(select(User)).all() == []
    assert db.scalars(select(UserSession)).all() == []


@pytest.mark.parametrize(
    "lapse",
    [
        {"expires_at": clock.now() - timedelta(seconds=1)},
        {"last_seen_at": clock.now() - timedelta(minutes=61)},
    ],
    ids=["over", "idle"],
)
def test_a_lapsed_session_is_none(db: Session, tenant: Tenant, lapse: dict[str, object]) -> None:
    add(db, tenant)
    token = service.sign_in(db, "ada@oak.example", PASSWORD).token
    sessions.find_session(db, token)
    db.execute(update(UserSession).values(**lapse))
    forget_tenant(db)

    with pytest.raises(NotSignedIn):
        sessions.find_session(db, token)


def test_use_keeps_a_session_from_lapsing(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    token = service.sign_in(db, "ada@oak.example", PASSWORD).token
    db.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(minutes=59)))
    forget_tenant(db)

    sessions.find_session(db, token)

    db.flush()
    assert db.scalars(select(UserSession)).one().last_seen_at > clock.now() - timedelta(minutes=1)


def test_signing_out_ends_this_session_only(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    here, there = (service.sign_in(db, "ada@oak.example", PASSWORD).token for _ in range(2))

    sessions.sign_out(db, here)

    with pytest.raises(NotSignedIn):
        sessions.find_session(db, here)
    assert sessions.find_session(db, there).email == "ada@oak.example"


def test_a_deactivated_user_is_out_at_once_and_for_good(db: Session, tenant: Tenant) -> None:
    user = add(db, tenant)
    token = service.sign_in(db, user.email, PASSWORD).token
    sessions.find_session(db, token)

    service.deactivate(db, tenant.tenant_id, user.user_id)

    with pytest.raises(NotSignedIn):
        sessions.find_session(db, token)
    with pytest.raises(SignInFailed):
        service.sign_in(db, user.email, PASSWORD)


def test_another_tenants_user_cannot_be_deactivated(db: Session, tenant: Tenant) -> None:
    user_id = add(db, tenant).user_id
    elm = other_tenant(db)
    db.expunge_all()

    with pytest.raises(service.UserNotFound):
        service.deactivate(db, elm.tenant_id, user_id)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "\0", "a" * 100_000])
def test_a_token_nobody_was_given_finds_nothing(db: Session, token: str) -> None:
    with pytest.raises(NotSignedIn):
        sessions.find_session(db, token)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"email": "ada"}, service.EmailInvalid),
        ({"email": "a@b\0"}, service.EmailInvalid),
        ({"email": "İ@oak.example"}, service.EmailInvalid),
        ({"full_name": ""}, service.NameInvalid),
        ({"full_name": "A\0"}, service.NameInvalid),
        ({"password": "short"}, passwords.PasswordUnfit),
        ({"email": "ADA@oak.example"}, service.EmailTaken),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    db: Session, tenant: Tenant, change: dict[str, str], error: type[Exception]
) -> None:
    add(db, tenant)
    fit = {"email": "ben@oak.example", "full_name": "Ben", "password": PASSWORD} | change

    with pytest.raises(error):
        service.add_user(db, tenant_id=tenant.tenant_id, role=Role.TEACHER, **fit)


def test_users_are_listed_for_their_tenant_only(db: Session, tenant: Tenant) -> None:
    add(db, tenant)
    elm = other_tenant(db)
    add(db, elm, "eve@elm.example")

    assert [user.email for user in service.list_users(db, elm.tenant_id)] == ["eve@elm.example"]


def test_a_request_outlives_a_sign_out_from_another_window(fresh_database: Database) -> None:
    engine = engine_for(fresh_database.url)
    with Session(engine) as db, db.begin():
        tenant = ensure_tenant(db, "elm-park", name="Elm Park")
        look_through(db, Visibility(tenant.tenant_id))
        add(db, tenant)
        token = service.sign_in(db, "ada@oak.example", PASSWORD).token
        db.execute(update(UserSession).values(last_seen_at=clock.now() - timedelta(minutes=5)))
    with Session(engine) as db, db.begin():
        found = sessions._session_of(db, token)
        assert found is not None
        with Session(engine) as other, other.begin():
            sessions.sign_out(other, token)  # ... when the other ends the session

        sessions._note_use(db, found)

    with Session(engine) as db, db.begin(), pytest.raises(NotSignedIn):
        sessions.find_session(db, token)
    engine.dispose()
