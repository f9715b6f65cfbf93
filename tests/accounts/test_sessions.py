"""Sessions: one token per sign-in, ended at once when their user changes."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.accounts import networks, service, sessions
from rollbook.accounts.models import Awaited, Role, User, UserSession
from rollbook.accounts.sessions import Arrival, NotSignedIn, PasswordChangeNeeded, SecondFactorMissing
from rollbook.core.tenancy import Tenant

PASSWORD = "correct horse battery"
NEW = "four words of another kind"


@pytest.fixture
def ada(db: Session, tenant: Tenant) -> User:
    return service.add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="ada@oak.example",
        full_name="Ada B",
        role=Role.TEACHER,
        password=PASSWORD,
    )


def sign_in(db: Session, arrival: Arrival | None = None) -> str:
    return service.sign_in(db, "ada@oak.example", PASSWORD, arrival).token


def test_a_sign_in_takes_the_browsers_token_away(db: Session, ada: User) -> None:
    first = sign_in(db)

    second = sign_in(db, Arrival(token=first))

    assert second != first
    with pytest.raises(NotSignedIn):
        sessions.find_session(db, first)
    assert sessions.find_session(db, second) is ada


def test_a_token_of_somebody_else_is_left_alone(db: Session, tenant: Tenant, ada: User) -> None:
    service.add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="eve@oak.example",
        full_name="Eve",
        role=Role.TEACHER,
        password=PASSWORD,
    )
    hers = sign_in(db)

    service.sign_in(db, "eve@oak.example", PASSWORD, Arrival(token=hers))

    assert sessions.find_session(db, hers) is ada


@pytest.mark.parametrize(
    "change",
    [
        lambda db, ada: service.deactivate(db, ada.tenant_id, ada.user_id),
        lambda db, ada: service.set_role(db, ada, Role.COUNSELOR),
        lambda db, ada: service.change_password(db, ada, PASSWORD, NEW),
        service.reset_password,
        sessions.end_sessions,
    ],
    ids=["deprovisioned", "another role", "password changed", "password reset", "everywhere"],
)
def test_every_session_ends_at_once(
    db: Session, ada: User, change: Callable[[Session, User], object]
) -> None:
    tokens = [sign_in(db) for _ in range(2)]
    assert [sessions.find_session(db, token) for token in tokens] == [ada, ada]

    change(db, ada)

    assert db.scalars(select(UserSession)).all() == []
    for token in tokens:
        with pytest.raises(NotSignedIn):
            sessions.find_session(db, token)


def test_a_user_switched_off_by_hand_is_out_too(db: Session, ada: User) -> None:
    token = sign_in(db)
    ada.is_active = False
    db.flush()

    with pytest.raises(NotSignedIn):
        sessions.find_session(db, token)


def test_one_session_or_all_others_can_be_ended(db: Session, ada: User) -> None:
    here, there, elsewhere = (sign_in(db) for _ in range(3))
    mine = sessions.find_any_session(db, here).session

    sessions.end_session(db, ada, sessions.find_any_session(db, there).session.session_id)
    with pytest.raises(NotSignedIn):
        sessions.find_session(db, there)

    assert sessions.end_sessions(db, ada, keep=mine.session_id) == 1
    with pytest.raises(NotSignedIn):
        sessions.find_session(db, elsewhere)
    assert [session.session_id for session in sessions.list_sessions(db, ada)] == [mine.session_id]


@pytest.mark.parametrize(
    ("awaits", "error"),
    [(Awaited.CODE, SecondFactorMissing), (Awaited.NEW_PASSWORD, PasswordChangeNeeded)],
)
def test_a_session_that_awaits_something_opens_nothing(
    db: Session, ada: User, awaits: Awaited, error: type[Exception]
) -> None:
    token = sessions.begin_session(db, ada, awaits=awaits).token

    with pytest.raises(error):
        sessions.find_session(db, token)

    sessions.complete(db, sessions.find_any_session(db, token).session)
    assert sessions.find_session(db, token) is ada


def test_a_reset_password_has_to_be_changed_at_the_next_sign_in(db: Session, ada: User) -> None:
    given = service.reset_password(db, ada)

    signed_in = service.sign_in(db, ada.email, given)
    assert signed_in.awaits is Awaited.NEW_PASSWORD
    with pytest.raises(PasswordChangeNeeded):
        sessions.find_session(db, signed_in.token)

    service.change_password(db, ada, given, NEW)
    assert sessions.find_session(db, service.sign_in(db, ada.email, NEW).token) is ada


def test_a_user_is_let_in_again(db: Session, ada: User) -> None:
    service.deactivate(db, ada.tenant_id, ada.user_id)
    service.activate(db, ada)

    assert sessions.find_session(db, sign_in(db)) is ada


@pytest.mark.parametrize(
    ("host", "coarse", "sender"),
    [
        ("192.0.2.77", "192.0.2.0/24", "192.0.2.77"),
        ("::ffff:192.0.2.77", "192.0.2.0/24", "192.0.2.77"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/48", "fe80::/64"),
        ("::1", "::/48", "::/64"),
        ("testclient", "testclient", "testclient"),
        ("", "", ""),
    ],
)
def test_a_network_is_kept_coarsely(host: str, coarse: str, sender: str) -> None:
    assert (networks.coarse(host), networks.sender(host)) == (coarse, sender)
