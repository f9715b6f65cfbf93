"""The second factor: a code is asked for, taken once, and cannot be guessed at leisure."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.accounts import second_factor, service, sessions
from rollbook.accounts.models import Awaited, Role, User
from rollbook.accounts.models_factors import RecoveryCode, TotpSecret
from rollbook.accounts.second_factor import AlreadySetUp, CodeWrong, Guarded, SecondFactorNeeded
from rollbook.core import clock
from rollbook.core.encryption import Column
from rollbook.core.tenancy import Tenant

PASSWORD = "correct horse battery"
NOON = datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(clock, "now", made)
    return made


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


def code_at(secret: str, instant: datetime) -> str:
    return pyotp.TOTP(secret).at(instant)


def set_up(db: Session, user: User, at: Clock) -> tuple[str, list[str]]:
    """Return the secret and the recovery codes of an app set up some minutes before."""
    secret = second_factor.enrol(db, user).secret
    codes = second_factor.confirm(db, user, code_at(secret, at.now))
    at.now += timedelta(minutes=5)
    return secret, list(codes)


def test_the_codes_are_those_of_rfc_6238(db: Session, ada: User, at: Clock) -> None:
    second_factor.enrol(db, ada)
    kept = db.get_one(TotpSecret, (ada.tenant_id, ada.user_id))
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", as in its appendix B
    kept.secret = Column(ada.tenant_id, "totp_secrets", "secret").seal(ada.user_id, secret)
    at.now = datetime.fromtimestamp(1111111111, UTC)

    assert len(second_factor.confirm(db, ada, "050 471")) == second_factor.RECOVERY_CODES


def test_nothing_is_asked_before_a_first_code_was_right(db: Session, ada: User) -> None:
    first = second_factor.enrol(db, ada)
    assert second_factor.enrol(db, ada) == first, "asking again shows the same"

    with pytest.raises(CodeWrong):
        second_factor.confirm(db, ada, "000000")
    assert service.sign_in(db, ada.email, PASSWORD).awaits is None


def test_the_qr_code_has_no_style_of_its_own(db: Session, ada: User) -> None:
    drawn = second_factor.enrol(db, ada).qr_svg

    assert drawn.startswith("<svg")
    assert "style" not in drawn


def test_signing_in_then_takes_password_and_code(db: Session, ada: User, at: Clock) -> None:
    secret, _ = set_up(db, ada, at)

    first = service.sign_in(db, ada.email, PASSWORD)
    assert first.awaits is Awaited.CODE
    with pytest.raises(sessions.SecondFactorMissing):
        sessions.find_session(db, first.token)
    second = service.show_code(db, sessions.find_any_session(db, first.token), code_at(secret, at.now))

    assert second.token != first.token
    assert sessions.find_session(db, second.token) is ada
    assert sessions.find_any_session(db, second.token).session.second_factor_at == at.now
    with pytest.raises(sessions.NotSignedIn):
        sessions.find_any_session(db, first.token)


def test_a_session_waits_ten_minutes_for_its_code(db: Session, ada: User, at: Clock) -> None:
    set_up(db, ada, at)
    token = service.sign_in(db, ada.email, PASSWORD).token
    at.now += timedelta(minutes=11)

    with pytest.raises(sessions.NotSignedIn):
        sessions.find_any_session(db, token)


def test_a_code_is_taken_once(db: Session, ada: User, at: Clock) -> None:
    secret, _ = set_up(db, ada, at)
    code = code_at(secret, at.now)
    second_factor.check_code(db, ada, code)

    for _ in range(2):
        with pytest.raises(CodeWrong):
            second_factor.check_code(db, ada, code)
        at.now += timedelta(seconds=20)


def test_nor_is_one_of_a_step_before_the_last(db: Session, ada: User, at: Clock) -> None:
    secret, _ = set_up(db, ada, at)
    before = code_at(secret, at.now - timedelta(seconds=30))
    second_factor.check_code(db, ada, code_at(secret, at.now))

    with pytest.raises(CodeWrong):
        second_factor.check_code(db, ada, before)


def test_nor_the_one_that_set_it_up(db: Session, ada: User, at: Clock) -> None:
    secret = second_factor.enrol(db, ada).secret
    code = code_at(secret, at.now)
    second_factor.confirm(db, ada, code)

    with pytest.raises(CodeWrong):
        second_factor.check_code(db, ada, code)


@pytest.mark.parametrize(
    ("seconds_off", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_phones_clock_may_be_half_a_minute_wrong(
    db: Session, ada: User, at: Clock, seconds_off: int, is_taken: bool
) -> None:
    secret, _ = set_up(db, ada, at)
    code = code_at(secret, at.now + timedelta(seconds=seconds_off))
    if is_taken:
        second_factor.check_code(db, ada, code)
    else:
        with pytest.raises(CodeWrong):
            second_factor.check_code(db, ada, code)


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "\ud800" * 6, "12345\0"],
)
def test_what_is_no_code_is_wrong(db: Session, ada: User, at: Clock, code: str) -> None:
    set_up(db, ada, at)

    with pytest.raises(CodeWrong):
        second_factor.check_code(db, ada, code)


def test_a_recovery_code_stands_in_once(db: Session, ada: User, at: Clock) -> None:
    _, codes = set_up(db, ada, at)

    second_factor.check_code(db, ada, codes[0].upper().replace("-", " "))
    with pytest.raises(CodeWrong):
        second_factor.check_code(db, ada, codes[0])

    assert second_factor.recovery_codes_left(db, ada) == second_factor.RECOVERY_CODES - 1
    second_factor.check_code(db, ada, codes[1])


def test_recovery_codes_are_kept_as_hashes_only(db: Session, ada: User, at: Clock) -> None:
    _, codes = set_up(db, ada, at)

    kept = b"".join(db.scalars(select(RecoveryCode.code_hash)))

    assert len(kept) == 32 * len(codes)
    assert not any(code.replace("-", "").encode() in kept for code in codes)


def test_another_app_is_not_set_up_over_the_first(db: Session, ada: User, at: Clock) -> None:
    secret, _ = set_up(db, ada, at)

    with pytest.raises(AlreadySetUp):
        second_factor.enrol(db, ada)
    with pytest.raises(AlreadySetUp):
        second_factor.confirm(db, ada, code_at(secret, at.now))


def test_a_shorter_password_will_do_with_it_and_not_without(db: Session, ada: User, at: Clock) -> None:
    set_up(db, ada, at)
    service.change_password(db, ada, PASSWORD, "kiwi lamp")
    assert service.sign_in(db, ada.email, "kiwi lamp").awaits is Awaited.CODE

    second_factor.remove(db, ada)

    assert service.sign_in(db, ada.email, "kiwi lamp").awaits is Awaited.NEW_PASSWORD


def test_removed_it_is_asked_no_more(db: Session, ada: User, at: Clock) -> None:
    _, codes = set_up(db, ada, at)
    second_factor.remove(db, ada)

    assert service.sign_in(db, ada.email, PASSWORD).awaits is None
    with pytest.raises(CodeWrong):
        second_factor.check_code(db, ada, codes[0])


@pytest.mark.parametrize("action", Guarded)
def test_a_password_alone_opens_no_bulk_export_and_no_administration(action: Guarded) -> None:
    assert second_factor.requires_second_factor(action, None)
    with pytest.raises(SecondFactorNeeded):
        second_factor.check_second_factor(action, None)

    assert not second_factor.requires_second_factor(action, NOON)
    second_factor.check_second_factor(action, NOON)
