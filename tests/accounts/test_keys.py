"""Keys and tokens: kept as hashes, good for a time and a scope, ended at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from rollbook.accounts import keys, service
from rollbook.accounts.keys import BearerInvalid, ClientInvalid, Scope, ScopeMissing
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_keys import AccessToken, ApiKey
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through


@pytest.fixture
def robot(db: Session, tenant: Tenant) -> User:
    return service.add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="robot@oak.example",
        full_name="The timetable",
        role=Role.SERVICE,
        password=None,
    )


def forget_tenant(db: Session) -> None:
    """Put ``db`` where a request begins: no tenant, no objects."""
    db.flush()
    db.expunge_all()
    db.execute(text("SELECT set_config('rollbook.tenant', '', true), set_config('rollbook.scope', '', true)"))


def parts(key: str) -> tuple[str, str]:
    """Return an OAuth client's id and secret."""
    return key[:12], key[13:]


def token_for(db: Session, key: str) -> str:
    return keys.issue_token(db, *parts(key)).token


def test_a_key_finds_its_user_and_tenant(db: Session, robot: User) -> None:
    key = keys.create_key(db, robot, "timetable", [Scope.READ]).text
    user_id = robot.user_id
    forget_tenant(db)
    assert db.scalars(select(ApiKey)).all() == [], "nobody else sees it"

    assert keys.find_bearer(db, key, Scope.READ).user.user_id == user_id
    assert db.scalars(select(ApiKey)).one().last_used_at is not None


def test_so_does_a_token_that_it_gets(db: Session, robot: User) -> None:
    key = keys.create_key(db, robot, "timetable", list(Scope)).text
    user_id = robot.user_id
    forget_tenant(db)

    issued = keys.issue_token(db, *parts(key))
    forget_tenant(db)

    assert issued.expires_in == 15 * 60
    assert list(issued.scopes) == [Scope.READ, Scope.WRITE]
    assert keys.find_bearer(db, issued.token, Scope.WRITE).user.user_id == user_id


def test_only_hashes_are_kept(db: Session, robot: User) -> None:
    made = keys.create_key(db, robot, "timetable", [Scope.READ])
    token = token_for(db, made.text)

    kept = "".join(
        db.scalar(text(f"SELECT string_agg(cast(t AS text), '') FROM {table} AS t")) or ""
        for table in ("api_keys", "access_tokens")
    )

    assert made.text.startswith(made.kept.prefix + "_")
    assert parts(made.text)[1] not in kept
    assert token not in kept


@pytest.mark.parametrize("scope", Scope)
def test_a_key_opens_only_its_scopes(db: Session, robot: User, scope: Scope) -> None:
    key = keys.create_key(db, robot, "timetable", [scope]).text
    other = next(each for each in Scope if each is not scope)

    for shown in (key, token_for(db, key)):
        assert keys.find_bearer(db, shown, scope).user is robot
        with pytest.raises(ScopeMissing):
            keys.find_bearer(db, shown, other)
    with pytest.raises(ScopeMissing):
        keys.issue_token(db, *parts(key), [other])


def test_a_token_may_open_less_than_its_key(db: Session, robot: User) -> None:
    key = keys.create_key(db, robot, "timetable", list(Scope)).text
    token = keys.issue_token(db, *parts(key), [Scope.READ]).token

    assert keys.find_bearer(db, token, Scope.READ).user is robot
    with pytest.raises(ScopeMissing):
        keys.find_bearer(db, token, Scope.WRITE)


def over(db: Session, _robot: User, _prefix: str) -> None:
    db.execute(update(ApiKey).values(expires_at=clock.now() - timedelta(seconds=1)))
    db.expire_all()


@pytest.mark.parametrize(
    "end",
    [
        lambda db, robot, _: service.deactivate(db, robot.tenant_id, robot.user_id),
        lambda db, robot, prefix: keys.revoke_key(db, robot.tenant_id, prefix),
        over,
    ],
    ids=["its user is deactivated", "revoked", "over"],
)
def test_a_key_and_its_tokens_end_at_once(
    db: Session, robot: User, end: Callable[[Session, User, str], object]
) -> None:
    made = keys.create_key(db, robot, "timetable", [Scope.READ])
    shown = [made.text, token_for(db, made.text)]
    assert [keys.find_bearer(db, each, Scope.READ).user for each in shown] == [robot, robot]

    end(db, robot, made.kept.prefix)

    for each in shown:
        with pytest.raises(BearerInvalid):
            keys.find_bearer(db, each, Scope.READ)
    with pytest.raises(ClientInvalid):
        token_for(db, made.text)


def test_a_token_is_over_after_its_minutes(db: Session, robot: User) -> None:
    token = token_for(db, keys.create_key(db, robot, "timetable", [Scope.READ]).text)
    db.execute(update(AccessToken).values(expires_at=clock.now()))
    db.expire_all()

    with pytest.raises(BearerInvalid):
        keys.find_bearer(db, token, Scope.READ)


@pytest.mark.parametrize("shown", ["", "rbk_", "rbk_00000000_" + "x" * 43, "rbt_" + "x" * 43, "\ud800", "\0"])
def test_what_nobody_was_given_opens_nothing(db: Session, robot: User, shown: str) -> None:
    keys.create_key(db, robot, "timetable", [Scope.READ])

    with pytest.raises(BearerInvalid):
        keys.find_bearer(db, shown, Scope.READ)


@pytest.mark.parametrize("change", ["id", "secret", "both swapped"])
def test_a_client_is_its_id_and_its_secret(db: Session, robot: User, change: str) -> None:
    first, second = (parts(keys.create_key(db, robot, "timetable", [Scope.READ]).text) for _ in range(2))
    wrong = {"id": (second[0], first[1]), "secret": (first[0], second[1]), "both swapped": first[::-1]}

    with pytest.raises(ClientInvalid):
        keys.issue_token(db, *wrong[change])


@pytest.mark.parametrize(
    ("name", "days", "error"),
    [
        ("", 1, keys.KeyNameInvalid),
        ("x" * 101, 1, keys.KeyNameInvalid),
        ("a\0", 1, keys.KeyNameInvalid),
        ("timetable", 366, keys.KeyLifeInvalid),
        ("timetable", -1, keys.KeyLifeInvalid),
    ],
)
def test_a_key_that_cannot_be_is_refused(
    db: Session, robot: User, name: str, days: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        keys.create_key(db, robot, name, [Scope.READ], days=days)


def test_another_tenants_key_is_neither_listed_nor_revoked(db: Session, robot: User) -> None:
    prefix = keys.create_key(db, robot, "timetable", [Scope.READ]).kept.prefix
    assert [key.prefix for key, _ in keys.list_keys(db, robot.tenant_id)] == [prefix]
    elm = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(elm.tenant_id))

    assert keys.list_keys(db, elm.tenant_id) == []
    with pytest.raises(keys.KeyNotFound):
        keys.revoke_key(db, elm.tenant_id, prefix)
