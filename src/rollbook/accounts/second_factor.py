"""The second factor: codes of an authenticator app (RFC 6238), each taken once, and recovery codes."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import pyotp
import segno
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User
from rollbook.accounts.models_factors import RecoveryCode, TotpSecret
from rollbook.core import clock
from rollbook.core.encryption import Column
from rollbook.core.errors import Conflict, Forbidden, Invalid
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant

RECOVERY_CODES: Final = 10
STEP_S: Final = 30
# A clock may be wrong by one step, either way.
_STEPS_OFF: Final = (0, -1, 1)
_DIGITS: Final = 6
_RECOVERY_BYTES: Final = 15
_EVERYBODY: Final = "all"


class Guarded(StrEnum):
    """What a password alone does not open."""

    ENTRY = "entry"
    BULK_EXPORT = "bulk_export"
    ADMIN = "admin"


class SecondFactorRolesUnknown(Invalid):
    """ROLLBOOK_SECOND_FACTOR_ROLES names {unknown}. It takes all, or some of: {known}."""


class SecondFactorNeeded(Forbidden):
    """This asks for a second factor. Set one up under `/account/second-factor`, then try again."""

    page = "/account/second-factor?next="


class CodeWrong(Invalid):
    """This code is wrong, or was used before. Wait for the app to show the next one."""


class AlreadySetUp(Conflict):
    """A second factor is set up already. Remove it before you set up another."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: scan ``qr_svg``, or type ``secret``."""

    secret: str
    qr_svg: str


def requires_second_factor(action: Guarded | None, second_factor_at: datetime | None) -> bool:
    """Say whether ``action`` needs a second factor that the session has not shown."""
    return action is not None and second_factor_at is None


def check_second_factor(action: Guarded, second_factor_at: datetime | None) -> None:
    """Let nobody do ``action`` on a password alone.

    Raises: ``SecondFactorNeeded``.
    """
    if requires_second_factor(action, second_factor_at):
        raise SecondFactorNeeded


def roles_of_two_factors() -> frozenset[Role]:
    """Return the roles that the site lets see nothing by a password alone.

    Raises: ``SecondFactorRolesUnknown``.
    """
    said = {name.strip().lower() for name in settings().second_factor_roles.split(",")} - {""}
    if said == {_EVERYBODY}:
        return frozenset(Role)
    if unknown := said - set(Role):
        raise SecondFactorRolesUnknown(unknown=", ".join(sorted(unknown)), known=", ".join(Role))
    return frozenset(map(Role, said))


def has_second_factor(db: Session, user: User) -> bool:
    """Say whether ``user`` is asked for a code at sign-in."""
    kept = db.get(TotpSecret, (user.tenant_id, user.user_id))
    return kept is not None and kept.confirmed_at is not None


def enrol(db: Session, user: User) -> Enrolment:
    """Begin, or go on with, setting up an app; nothing changes until ``confirm``.

    Raises: ``AlreadySetUp``.
    """
    kept = db.get(TotpSecret, (user.tenant_id, user.user_id))
    if kept is None:
        sealed = _secrets_of(user).seal(user.user_id, pyotp.random_base32())
        kept = TotpSecret(tenant_id=user.tenant_id, user_id=user.user_id, secret=sealed)
        db.add(kept)
        db.flush()
    if kept.confirmed_at is not None:
        raise AlreadySetUp
    secret = _open(kept)
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name="Rollbook")
    return Enrolment(secret, _qr(address))


def confirm(db: Session, user: User, code: str) -> Sequence[str]:
    """Ask for a code from now on; return the recovery codes, told this once.

    Raises: ``CodeWrong``; ``AlreadySetUp``.
    """
    kept = db.get(TotpSecret, (user.tenant_id, user.user_id))
    if kept is not None and kept.confirmed_at is not None:
        raise AlreadySetUp
    if kept is None or not _use_code(db, kept, code):
        raise CodeWrong
    kept.confirmed_at = clock.now()
    return _new_recovery_codes(db, user)


def check_code(db: Session, user: User, code: str) -> None:
    """Take a code of the app, or a recovery code; neither is taken twice.

    Raises: ``CodeWrong``.
    """
    kept = db.get(TotpSecret, (user.tenant_id, user.user_id))
    if kept is None or not (_use_code(db, kept, code) or _use_recovery_code(db, user, code)):
        raise CodeWrong


def shown_code(db: Session, user: User) -> str | None:
    """Return the code that an app would show, where the tenant's students do not exist; else none.

    It lets a demo be used without a phone, and still asks for what a district's people are asked for.
    """
    kept = db.get(TotpSecret, (user.tenant_id, user.user_id))
    if kept is None or not db.get_one(Tenant, user.tenant_id).is_synthetic:
        return None
    code: str = pyotp.TOTP(_open(kept)).generate_otp(max(_step_now(), kept.last_step + 1))
    return code


def remove(db: Session, user: User) -> None:
    """Forget the app and the recovery codes: the password is the only factor again."""
    for table in (RecoveryCode, TotpSecret):
        db.execute(delete(table).where(table.tenant_id == user.tenant_id, table.user_id == user.user_id))
    db.expire_all()


def recovery_codes_left(db: Session, user: User) -> int:
    """Return how many recovery codes are unused."""
    return len(db.scalars(select(RecoveryCode.code_hash).where(*_mine(user))).all())


def _use_code(db: Session, kept: TotpSecret, code: str) -> bool:
    """Take the code of a step later than any that was taken; the row's lock refuses one of two at once."""
    typed = "".join(code.split())
    if len(typed) != _DIGITS or not (typed.isascii() and typed.isdigit()):
        return False
    now = _step_now()
    generator = pyotp.TOTP(_open(kept))
    steps = [
        now + off for off in _STEPS_OFF if secrets.compare_digest(generator.generate_otp(now + off), typed)
    ]
    return any(_take_step(db, kept, step) for step in steps)


def _step_now() -> int:
    return int(clock.now().timestamp()) // STEP_S


def _secrets_of(user: User | TotpSecret) -> Column:
    return Column(user.tenant_id, TotpSecret.__tablename__, "secret")


def _open(kept: TotpSecret) -> str:
    return _secrets_of(kept).open(kept.user_id, kept.secret) or ""


def _take_step(db: Session, kept: TotpSecret, step: int) -> bool:
    this = TotpSecret.tenant_id == kept.tenant_id, TotpSecret.user_id == kept.user_id
    taken = update(TotpSecret).where(*this, TotpSecret.last_step < step).values(last_step=step)
    return len(db.execute(taken.returning(TotpSecret.last_step)).all()) == 1


def _use_recovery_code(db: Session, user: User, code: str) -> bool:
    used = delete(RecoveryCode).where(*_mine(user), RecoveryCode.code_hash == _hash(code))
    return len(db.execute(used.returning(RecoveryCode.code_hash)).all()) == 1


def _new_recovery_codes(db: Session, user: User) -> list[str]:
    db.execute(delete(RecoveryCode).where(*_mine(user)))
    codes = [_random_code() for _ in range(RECOVERY_CODES)]
    db.add_all(
        RecoveryCode(tenant_id=user.tenant_id, user_id=user.user_id, code_hash=_hash(code)) for code in codes
    )
    db.flush()
    return codes


def _mine(user: User) -> tuple[ColumnElement[bool], ...]:
    return RecoveryCode.tenant_id == user.tenant_id, RecoveryCode.user_id == user.user_id


def _random_code() -> str:
    """Return 120 random bits as six groups of letters and digits."""
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(code: str) -> bytes:
    """120 random bits need no slow hash. Groups and capitals are for the eye."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()


def _qr(address: str) -> str:
    """Return the QR code as SVG for a page: no style of its own, which the page's policy would refuse."""
    made = segno.make(address, error="m", micro=False)
    return made.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)
