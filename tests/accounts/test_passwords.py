"""Passwords: long and not common, nothing else; an older system's hash is accepted once, then replaced."""

import unicodedata
from pathlib import Path

import bcrypt
import pytest
from sqlalchemy.orm import Session

from rollbook.accounts import passwords, service, sessions
from rollbook.accounts.blocklist import BreachedPasswordsUnreadable
from rollbook.accounts.models import Awaited, Role, User
from rollbook.accounts.passwords import HashUnknown, PasswordCommon, PasswordUnfit, check_password
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through

LONG = "an old password of some length"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "fifteen letters",
        "ñandú über straße",
        "  spaces  around  it  ",
        "数" * 7 + "学は楽しいですよね",
        "x" * 64 + " and 63 other letters " + "y" * 42,
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    ("length", "second", "fits"),
    [
        (14, False, False),
        (15, False, True),
        (7, True, False),
        (8, True, True),
        (128, False, True),
        (129, False, False),
    ],
)
def test_its_length_is_what_counts(length: int, second: bool, fits: bool) -> None:
    password = ("kiwi lamp orbit sofa " * 7)[: length - 1] + "!"
    if fits:
        check_password(password, with_second_factor=second)
    else:
        with pytest.raises(PasswordUnfit, match=f"this one has {length}"):
            check_password(password, with_second_factor=second)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "aaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "123456789012345678",
        "1234567890qwertyuiop",
        "qwertyuiopasdfgh",
        "zyxwvutsrqponmlkj",
        "1q2w3e4r5t6y7u8i",
        "Welcome-to-2026!".replace("-to-", ""),
        "Oak Valley 2026 !!!",
        "ada.byron@oak.example",
        "BYRON ada 1815-1852",
        "Rollbook password 1",
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    known = ["ada.byron@oak.example", "Ada Byron", "Oak Valley", "oak-valley"]

    with pytest.raises(PasswordCommon):
        check_password(password, known, with_second_factor=True)


@pytest.mark.parametrize("password", ["password", "PASSWORD1", "iloveyou", "football1"])
def test_the_list_of_common_passwords_is_there(password: str) -> None:
    with pytest.raises(PasswordCommon):
        check_password(password, with_second_factor=True)


def test_the_same_letters_typed_on_another_keyboard_are_the_same_password() -> None:
    composed, apart = (unicodedata.normalize(form, "é" * 15 + " ﬁn") for form in ("NFC", "NFD"))
    assert composed != apart

    assert passwords.is_password_of(passwords.hash_password(composed), apart)


def test_nothing_of_a_long_password_is_cut_off() -> None:
    kept = passwords.hash_password("k" * 127 + "a")

    assert passwords.is_password_of(kept, "k" * 127 + "a")
    assert not passwords.is_password_of(kept, "k" * 127 + "b")
    assert not passwords.is_password_of(kept, "k" * 127 + "a" + "b")


def add(db: Session, tenant: Tenant, password: str, email: str = "old@oak.example") -> User:
    kept = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return service.add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=email,
        full_name="Olga Dahl",
        role=Role.TEACHER,
        password=None,
        bcrypt_hash=kept,
    )


def test_a_bcrypt_hash_of_an_older_system_is_replaced_at_sign_in(db: Session, tenant: Tenant) -> None:
    user = add(db, tenant, LONG)
    with pytest.raises(service.SignInFailed):
        service.sign_in(db, user.email, LONG + "x")
    assert (user.password_hash or "").startswith("$2b$04$"), "a wrong password changes nothing"

    signed_in = service.sign_in(db, user.email, LONG)

    assert (user.password_hash or "").startswith("$argon2id$")
    assert sessions.find_session(db, signed_in.token) is user
    assert service.sign_in(db, user.email, LONG).awaits is None


def test_a_short_password_of_an_older_system_lets_in_once_to_change_it(db: Session, tenant: Tenant) -> None:
    user = add(db, tenant, "short old")

    assert service.sign_in(db, user.email, "short old").awaits is Awaited.NEW_PASSWORD
    assert (user.password_hash or "").startswith("$argon2id$")


def test_more_than_bcrypt_looks_at_is_no_error(db: Session, tenant: Tenant) -> None:
    user = add(db, tenant, "ä" * 60)

    assert service.sign_in(db, user.email, "ä" * 60).user is user


@pytest.mark.parametrize("kept", ["", "secret", "$2b$12$short", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"])
def test_what_is_no_bcrypt_hash_is_refused(db: Session, tenant: Tenant, kept: str) -> None:
    with pytest.raises(HashUnknown):
        service.add_user(
            db,
            tenant_id=tenant.tenant_id,
            email="old@oak.example",
            full_name="Olga",
            role=Role.TEACHER,
            password=None,
            bcrypt_hash=kept,
        )


class Work:
    """Counts what is verified, by kind and cost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        hasher, check = passwords._HASHER, bcrypt.checkpw

        class Counting:
            def verify(_self, kept: str, given: bytes) -> bool:  # noqa: N805 -- `self` is the outer one
                self.done.append(kept.split("$")[3])
                return bool(hasher.verify(kept, given))

            def __getattr__(_self, name: str) -> object:  # noqa: N805 -- `self` is the outer one
                return getattr(hasher, name)

        def counting(given: bytes, kept: bytes) -> bool:
            self.done.append(kept.decode()[:7])
            return check(given, kept)

        monkeypatch.setattr(passwords, "_HASHER", Counting())
        monkeypatch.setattr(bcrypt, "checkpw", counting)

    def of(self, db: Session, email: str) -> list[str]:
        self.done.clear()
        with pytest.raises(service.SignInFailed):
            service.sign_in(db, email, "a wrong password")
        return sorted(self.done)


def test_every_failed_sign_in_is_the_same_work(
    db: Session, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, tenant, LONG)
    people = {"new@oak.example": LONG, "none@oak.example": None}
    for email, password in people.items():
        service.add_user(
            db,
            tenant_id=tenant.tenant_id,
            email=email,
            full_name="Nora",
            role=Role.TEACHER,
            password=password,
        )
    work = Work(monkeypatch)

    done = [work.of(db, email) for email in ("old@oak.example", *people, "nobody@oak.example", "no email")]

    assert done == [["$2b$04$", "m=65536,t=3,p=4"]] * 5


def test_an_email_that_several_tenants_know_is_the_same_work_as_any_other(
    db: Session, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for who is known in one tenant or in none, and for who has no password or may not sign in."""
    shared = {"three@oak.example": 3, "two@oak.example": 2, "one@oak.example": 1}
    tenants = [tenant, *(ensure_tenant(db, slug, name=slug) for slug in ("elm-park", "ash-hill"))]
    for place, one in enumerate(tenants):
        look_through(db, Visibility(one.tenant_id))
        for email, times in shared.items():
            if place < times:
                known(db, one, email, LONG if place != 1 else None)
        known(db, one, "out@oak.example", LONG).is_active = False
    db.flush()
    work = Work(monkeypatch)

    done = [work.of(db, email) for email in (*shared, "out@oak.example", "nobody@oak.example", "no email")]

    assert done == [["m=65536,t=3,p=4"] * 3] * 6


def known(db: Session, tenant: Tenant, email: str, password: str | None) -> User:
    return service.add_user(
        db, tenant_id=tenant.tenant_id, email=email, full_name="Nora", role=Role.TEACHER, password=password
    )


def test_without_an_older_hash_no_time_is_spent_on_one(
    db: Session, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = add(db, tenant, LONG)
    service.sign_in(db, user.email, LONG)

    assert Work(monkeypatch).of(db, user.email) == ["m=65536,t=3,p=4"]


def test_a_present_password_that_is_wrong_changes_nothing(db: Session, tenant: Tenant) -> None:
    user = service.add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="new@oak.example",
        full_name="Nora",
        role=Role.TEACHER,
        password=LONG,
    )
    before = user.password_hash

    with pytest.raises(service.PasswordWrong):
        service.change_password(db, user, LONG + "x", "another one of some length")
    with pytest.raises(PasswordCommon):
        service.change_password(db, user, LONG, "Nora 2026 oak valley")

    assert user.password_hash == before


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_what_is_on_the_sites_list_of_breached_passwords_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    listed = tmp_path / "breached.txt"
    lines = ("first of the breached ones", "Grün ist die Heide heute")
    listed.write_text((end or "\n").join(lines) + end, encoding="utf-8", newline="")
    monkeypatch.setenv("ROLLBOOK_BREACHED_PASSWORDS", str(listed))
    settings.cache_clear()
    try:
        for password in lines:
            with pytest.raises(PasswordCommon):
                check_password(password)
        check_password("of the breached ones none")
        listed.unlink()
        with pytest.raises(BreachedPasswordsUnreadable):
            check_password("of the breached ones none")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    check_password("first of the breached ones")
