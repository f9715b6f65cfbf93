"""Records of drills: signed with the backup key, kept in the repository beside what they are about."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rollbook.core.errors import RollbookError
from rollbook.core.keyring import KEY_BYTES, Keyring
from rollbook.ops.backup.documents import keep_json, read_json
from rollbook.ops.backup.vault import Vault

_DRILLS: Final = "drills"
_INFO: Final = b"rollbook backup drill 1"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a drill found. Proven: everything that was recorded was there again.

    Units:  ``rto_s`` from the first fetched byte to a server that answers; ``rpo_s`` the age, when the drill
    began, of what would have been the newest data; ``bytes`` as they lie in the repository.
    """

    backup_id: str
    backup_at: datetime
    chain: int
    began_at: datetime
    ended_at: datetime
    is_proven: bool
    findings: tuple[str, ...]
    rto_s: float | None
    rpo_s: float
    lsn: str | None
    was_at: datetime | None
    bytes: int
    tables: int
    rows: int
    not_compared: str | None
    seconds: Mapping[str, float] = field(default_factory=dict)
    key_id: str = ""
    signature: str = ""


def keep_proof(vault: Vault, proof: Proof) -> Proof:
    """Sign a record and keep it; return it with its signature."""
    ring = vault.ring
    named = replace(proof, key_id=ring.primary)
    signed = replace(named, signature=_signature(named, ring))
    vault.patience.insist(lambda: keep_json(vault, _name(vault, proof.began_at), asdict(signed)))
    return signed


def _name(vault: Vault, at: datetime) -> str:
    """Return a name that sorts after those of earlier records, even of a clock that was ahead."""
    name = f"{_DRILLS}/{at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z"
    last = max(vault.repository.names(_DRILLS), default="")
    return name if name > last else f"{last}-"


def last_proofs(vault: Vault, most: int = 50) -> list[Proof]:
    """Return the latest records, newest first; one that is not signed by this ring counts for nothing."""
    found = (_read(vault, name) for name in sorted(vault.repository.names(_DRILLS), reverse=True)[:most])
    return [proof for proof in found if proof is not None]


def _read(vault: Vault, name: str) -> Proof | None:
    try:
        proof = _parsed(read_json(vault, name))
        is_ours = hmac.compare_digest(_signature(proof, vault.ring), proof.signature)
    except (RollbookError, KeyError, TypeError, ValueError):
        return None
    return proof if is_ours else None


def _parsed(told: dict[str, Any]) -> Proof:
    for name in ("backup_at", "began_at", "ended_at", "was_at"):
        told[name] = datetime.fromisoformat(told[name]) if told[name] else None
    told["findings"] = tuple(told["findings"])
    return Proof(**told)


def _signature(proof: Proof, ring: Keyring) -> str:
    """Return the HMAC over all of a record but its signature.

    Raises: ``KeyUnknown``.
    """
    told = {name: value for name, value in asdict(proof).items() if name != "signature"}
    text = json.dumps(told, sort_keys=True, default=_plain).encode()
    key = HKDF(SHA256(), KEY_BYTES, salt=None, info=_INFO).derive(ring.key(proof.key_id).secret)
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _plain(value: object) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat()
