"""Who was erased does not come back by an import: a drop's lines that name them are left out, and told.

The list of their names holds digests only (HMAC-SHA-256), and their key is encrypted with the key ring, which
is in no database: who has a copy of the database cannot try numbers until one fits.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    TableClause,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from rollbook.core.encryption import Column
from rollbook.core.errors import Conflict, Unavailable
from rollbook.core.settings import settings
from rollbook.intake.format import Run
from rollbook.intake.layout import LINE_NUMBER
from rollbook.intake.models import ErasedName, ErasureKey

FORMER_FILE: Final = "erasures.key"
"""Where releases before kept the key, in home; the next erasure takes it from there."""
NUMBER: Final = "number"
"""The kind of name that a district's own student number is."""
_KEY_BYTES: Final = 32
_BLOCK: Final = 64  # of SHA-256
_INNER, _OUTER = 0x36, 0x5C
_NEW_ID: Final = text("SELECT uuidv7()")


class ErasureKeyMissing(Unavailable):
    """A release before erased people from this tenant, and its key to recognize them is not at {path}.

    Put back the copy that you keep with your backups: without it an import could bring them back.
    """


class ErasedReturns(Conflict):
    """The drop has {count} of the students whose record was erased. Nothing was imported.

    Take them out of the drop; whoever is enrolled anew is let in by `rollbook privacy readmit`.
    """


def source_kind(source: str) -> str:
    """Return the kind of name that a person's id in a source system is."""
    return f"source {source}"


def digest(db: Session, tenant_id: int, kind: str, name: str) -> bytes:
    """Return the digest of a name; the tenant's first one makes the key. ``db``: the owner's.

    Raises: ``ErasureKeyMissing``; ``RingMissing``.
    """
    key = _kept_key(db, tenant_id) or _make_key(db, tenant_id)
    return hmac.digest(key, _told(kind) + name.encode(), hashlib.sha256)


def leave_out_erased(  # noqa: PLR0913 -- where is looked, for what, and what is told
    run: Run, staged: TableClause, file: str, columns: Iterable[str], kind: str, *, told: str = LINE_NUMBER
) -> list[Any]:
    """Take out the staged lines that name somebody who was erased; keep and return of them only ``told``."""
    if not has_erased(run.db, run.tenant.tenant_id):
        return []
    erased = [_is_erased(run.db, staged.c[name], run.tenant.tenant_id, kind) for name in columns]
    return take_out(run, staged, file, or_(false(), *erased), told=told)


def take_out(
    run: Run, staged: TableClause, file: str, condition: ColumnElement[bool], *, told: str = LINE_NUMBER
) -> list[Any]:
    """Take out staged lines that are about somebody who was erased; return ``told`` of each."""
    gone = list(run.db.scalars(delete(staged).where(condition).returning(staged.c[told])))
    run.liberties.take(file, "names somebody whose record was erased; the line was left out", len(gone))
    return gone


def drop_erased_from_list(run: Run, staged: TableClause, name: str, kind: str) -> None:
    """Take the ids of who was erased out of a column that lists several, with commas between."""
    if not has_erased(run.db, run.tenant.tenant_id):
        return
    column = staged.c[name]
    one = func.unnest(func.string_to_array(column, ",")).column_valued("one")
    is_erased = _is_erased(run.db, func.trim(one), run.tenant.tenant_id, kind)
    left = select(func.string_agg(one, ",")).where(~is_erased).scalar_subquery()
    any_erased = select(literal(1)).where(is_erased).exists()
    run.db.execute(update(staged).where(column.is_not(None), any_erased).values({name: left}))


def refuse_erased(db: Session, tenant_id: int, rows: TableClause, column: str) -> None:
    """See that no student comes back by a way that leaves nobody out.

    Raises: ``ErasedReturns``.
    """
    if not has_erased(db, tenant_id):
        return
    erased = _is_erased(db, rows.c[column], tenant_id, NUMBER)
    count = db.scalar(select(func.count()).select_from(rows).where(erased))
    if count:
        raise ErasedReturns(count=count)


def is_erased(db: Session, tenant_id: int, kind: str, name: str) -> bool:
    """Say whether somebody of this name was erased; ``db`` must look at the whole tenant."""
    if not has_erased(db, tenant_id):
        return False
    key = _key(db, tenant_id)
    named = hmac.digest(key, _told(kind) + name.encode(), hashlib.sha256)
    same = ErasedName.tenant_id == tenant_id, ErasedName.digest == named
    return bool(db.scalar(select(select(ErasedName).where(*same).exists())))


def has_erased(db: Session, tenant_id: int) -> bool:
    """Say whether anybody was erased."""
    return bool(db.scalar(select(select(ErasedName).where(ErasedName.tenant_id == tenant_id).exists())))


def _is_erased(db: Session, name: ColumnElement[Any], tenant_id: int, kind: str) -> ColumnElement[bool]:
    """Make the digest in SQL (RFC 2104), so that a set of lines is compared at once."""
    key = _key(db, tenant_id).ljust(_BLOCK, b"\0")
    inner, outer = (literal(bytes(byte ^ pad for byte in key), LargeBinary) for pad in (_INNER, _OUTER))
    told = literal(_told(kind), LargeBinary).op("||")(func.convert_to(name, "UTF8"))
    made = func.sha256(outer.op("||")(func.sha256(inner.op("||")(told))))
    return made.in_(select(ErasedName.digest).where(ErasedName.tenant_id == tenant_id))


def _told(kind: str) -> bytes:
    return kind.encode() + b"\0"


def _key(db: Session, tenant_id: int) -> bytes:
    """Return the key of a tenant that has erased somebody."""
    return _kept_key(db, tenant_id) or _former_key()


def _kept_key(db: Session, tenant_id: int) -> bytes | None:
    kept = db.scalar(select(ErasureKey).where(ErasureKey.tenant_id == tenant_id))
    opened = _secrets_of(tenant_id).open(kept.key_id, kept.secret) if kept else None
    return bytes.fromhex(opened) if opened else None


def _make_key(db: Session, tenant_id: int) -> bytes:
    """Keep a key for the tenant: that of a release before, where somebody was erased by it."""
    key = _former_key() if has_erased(db, tenant_id) else secrets.token_bytes(_KEY_BYTES)
    key_id: UUID = db.execute(_NEW_ID).scalar_one()
    sealed = _secrets_of(tenant_id).seal(key_id, key.hex())
    db.add(ErasureKey(tenant_id=tenant_id, key_id=key_id, secret=sealed))
    db.flush()
    return key


def _former_key() -> bytes:
    path = settings().home / FORMER_FILE
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise ErasureKeyMissing(path=path) from None


def _secrets_of(tenant_id: int) -> Column:
    return Column(tenant_id, ErasureKey.__tablename__, "secret")
