"""Seal the logs, and find what was tampered with since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.audit.reading import SQL
from rollbook.core.errors import Invalid, Unavailable

LOGS: Final = ("writes", "disclosures")
_WORDS: Final = {
    "edited": "A row was edited.",
    "deleted": "A row was deleted.",
    "inserted": "A row was inserted among sealed ones.",
    "reordered": "A row was moved to another place.",
    "cut": "The log's end was cut off: a sealed row after the last that is left is missing.",
    "redacted": "An erasure took values out of a row that an earlier release sealed: its rest is unproven.",
    "hidden": "Values were taken out of a row, and no erasure in the log of writes accounts for that.",
    "block": "The block is not what was sealed.",
    "seal_edited": "The seal itself was edited.",
    "seal_missing": "The seal does not follow the one before it: a seal is missing.",
    "unexpected": "No seal has the hash that was expected: the logs were cut off together with their seals.",
}


class TransactionUnderWay(Unavailable):
    """Another transaction is under way, and what it notes is not there yet. Nothing was sealed: try again."""


class HashInvalid(Invalid):
    """A seal's hash is 64 hexadecimal digits, as `rollbook audit seal` prints it."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Up to where a log is sealed."""

    log: str
    seal_no: int
    last_id: int
    sealed_at: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, with which seal's block, log and row, where that can be told."""

    kind: str
    sentence: str
    log: str | None = None
    row_id: int | None = None
    seal_no: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found, over how much.

    ``unsealed`` rows are not covered yet; ``redacted``: values that erasures took out, lawfully.
    """

    findings: Sequence[Finding]
    seals: int
    rows: int
    unsealed: int
    redacted: int
    sealed: Sequence[Sealed]


def seal(db: Session, tenant_id: int, *, patience_s: int = 60) -> Sequence[Sealed]:
    """Seal what is there, in a transaction that has written nothing; return up to where the logs are sealed.

    Raises: ``TransactionUnderWay``.
    """
    try:
        db.execute(SQL["seal"], {"patience_s": patience_s})
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise TransactionUnderWay from error
        raise
    db.execute(SQL["make_months"])
    return sealed_until(db, tenant_id)


def sealed_until(db: Session, tenant_id: int) -> Sequence[Sealed]:
    """Return the newest seal of each log, the chain's newest last."""
    found = db.execute(SQL["newest_seals"], {"tenant_id": tenant_id}).all()
    newest = [Sealed(row.log, row.seal_no, row.last_id, row.sealed_at, row.hash.hex()) for row in found]
    return sorted(newest, key=lambda one: one.seal_no)


def verify(
    db: Session, tenant_id: int, *, since: datetime | None = None, expected: str | None = None
) -> Verified:
    """Compare the logs with their seals, or with those made at ``since`` or later.

    ``expected`` is a seal's hash that was noted elsewhere.
    Raises: ``HashInvalid``.
    """
    where: dict[str, object] = {"tenant_id": tenant_id, "since": since}
    hash_expected = _bytes(expected) if expected is not None else None
    findings = [*_of_seals(db, where), *_of_rows(db, where), *_of_redactions(db, tenant_id)]
    if hash_expected is not None and not _has_seal(db, tenant_id, hash_expected):
        findings.append(_finding("unexpected"))
    counts = db.execute(SQL["count_sealed"], where).one()
    unsealed = sum(row.rows for row in db.execute(SQL["count_unsealed"], {"tenant_id": tenant_id}))
    redacted = db.execute(SQL["count_redactions"], {"tenant_id": tenant_id}).scalar_one()
    return Verified(findings, counts.seals, int(counts.rows), unsealed, redacted, sealed_until(db, tenant_id))


def _of_seals(db: Session, where: dict[str, object]) -> Iterator[Finding]:
    for row in db.execute(SQL["broken_seals"], where):
        if row.is_edited:
            yield _finding("seal_edited", seal_no=row.seal_no)
        if row.is_cut_off:
            yield _finding("seal_missing", seal_no=row.seal_no)


def _of_rows(db: Session, where: dict[str, object]) -> Iterator[Finding]:
    for log in LOGS:
        of_log = where | {"log": log}
        broken = list(db.scalars(SQL["broken_blocks"], of_log))
        if not broken:
            continue
        rows = db.execute(SQL["tampered_rows"], of_log | {"seal_nos": broken}).all()
        yield from (_finding(row.kind, log=log, row_id=row.row_id) for row in rows)
        if not rows:
            yield from (_finding("block", log=log, seal_no=number) for number in broken)


def _of_redactions(db: Session, tenant_id: int) -> Iterator[Finding]:
    for row in db.execute(SQL["unlawful_redactions"], {"tenant_id": tenant_id}):
        yield _finding("hidden", log=row.log, row_id=row.row_id)


def _has_seal(db: Session, tenant_id: int, expected: bytes) -> bool:
    return bool(db.scalar(SQL["has_seal"], {"tenant_id": tenant_id, "hash": expected}))


def _finding(
    kind: str, *, log: str | None = None, row_id: int | None = None, seal_no: int | None = None
) -> Finding:
    return Finding(kind, _WORDS[kind], log, row_id, seal_no)


def _bytes(expected: str) -> bytes:
    try:
        found = bytes.fromhex(expected)
    except ValueError as error:
        raise HashInvalid from error
    if len(found) != 32:  # noqa: PLR2004 -- a SHA-256
        raise HashInvalid
    return found
