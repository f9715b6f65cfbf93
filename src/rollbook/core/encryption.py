"""Field encryption: a value is readable only with the key ring, in the row and column it was made for.

AES-256-GCM-SIV (RFC 8452) with a key of the tenant's own (HKDF, RFC 5869). The same value in the same place
gives the same bytes under the same key, so that what did not change is not written again; elsewhere it gives
others.

Shape:  version (1 byte), key id (4), nonce (12), ciphertext, tag (16). Version 0 is plain UTF-8 text of
before there was encryption: it is read, never written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Table
from sqlalchemy.types import UserDefinedType

from rollbook.core.errors import Unavailable
from rollbook.core.keyring import ID_BYTES, KEY_BYTES, Keyring, ring
from rollbook.core.schema import HISTORY_SUFFIX

DOMAIN: Final = "sealed"
VERSION: Final = 1
PLAIN: Final = 0
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = 1 + ID_BYTES
_BODY: Final = _HEADER_BYTES + _NONCE_BYTES
_LEAST_BYTES: Final = _BODY + _TAG_BYTES


class CiphertextRefused(Unavailable):
    """A value of {table}.{column} was not encrypted for this row, or was changed since.

    Put it back from a backup.
    """


class Sealed(UserDefinedType[bytes]):
    """A column of ciphertext, PostgreSQL's domain ``sealed``: ``Column`` makes and reads its values."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's signature
        """Name the domain."""
        return DOMAIN.upper()

    def bind_processor(self, dialect: Any) -> Any:  # noqa: ANN401, ARG002 -- SQLAlchemy's signature
        """Let nothing but ciphertext go to the database."""
        return _checked


def _checked(value: bytes | None) -> bytes | None:
    if value is not None and not (isinstance(value, bytes) and value[:1] == bytes([VERSION])):
        message = "only what Column.seal returned may be written to an encrypted column"
        raise TypeError(message)
    return value


@dataclass(frozen=True, slots=True)
class Column:
    """An encrypted column of a tenant. ``known``: the ring, read once for many values; else for each."""

    tenant_id: int
    table: str
    column: str
    known: Keyring | None = field(default=None, repr=False, compare=False)

    def seal(self, row: object, text: str, *, like: bytes | None = None) -> bytes:
        """Encrypt ``text`` for the row whose key (as text, without tenant_id) is ``row``.

        ``like``: the row's present value. Where that says the same, it is returned, whatever key made it.
        Raises: ``RingMissing``.
        """
        known = self.known or ring()
        if like is not None and self._says(known, row, like, text):
            return like
        return self._seal(known, known.primary, row, text)

    def open(self, row: object, sealed: bytes | None) -> str | None:
        """Decrypt what ``seal`` made for this row; no value stays none.

        Raises: ``KeyUnknown``; ``CiphertextRefused``; ``RingMissing``.
        """
        if sealed is None:
            return None
        if sealed[:1] == bytes([PLAIN]):
            return sealed[1:].decode()
        if len(sealed) < _LEAST_BYTES or sealed[0] != VERSION:
            raise self._refused
        try:
            return self._under(self.known or ring(), key_of(sealed)).open(str(row), sealed).decode()
        except InvalidTag:
            raise self._refused from None

    @property
    def _refused(self) -> CiphertextRefused:
        return CiphertextRefused(table=self.table, column=self.column)

    def _seal(self, known: Keyring, key_id: str, row: object, text: str) -> bytes:
        return self._under(known, key_id).seal(str(row), text.encode())

    def _says(self, known: Keyring, row: object, sealed: bytes, text: str) -> bool:
        """Say whether ``sealed`` is ``text`` encrypted for this row, without decrypting it."""
        key_id = key_of(sealed)
        return key_id in known.keys and sealed == self._seal(known, key_id, row, text)

    def _under(self, known: Keyring, key_id: str) -> "_UnderKey":
        return _under_key(known.key(key_id).secret, key_id, self.tenant_id, self.table, self.column)


def key_of(sealed: bytes) -> str:
    """Return the id of the key that encrypted a value; "" for plain text."""
    return sealed[1:_HEADER_BYTES].hex() if sealed[:1] != bytes([PLAIN]) else ""


def header_of(key_id: str) -> bytes:
    """Return how every value begins that this key encrypted."""
    return bytes([VERSION]) + bytes.fromhex(key_id)


def open_row(tenant_id: int, table: str, row: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` of a row, or of a version of it, with those of encrypted columns decrypted.

    ``values`` are as the database gave them: bytes are taken for ciphertext. Raises: as ``Column.open``.
    """
    return {
        name: Column(tenant_id, table, name).open(row, value) if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def sealed_columns(table: Table) -> list[str]:
    """Return the encrypted columns of ``table``."""
    return [column.name for column in table.columns if isinstance(column.type, Sealed)]


def open_version(table: Table, tenant_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of ``table``, or of its history, decrypted; ``values`` has its key.

    Raises: as ``Column.open``.
    """
    sealed = {name: values[name] for name in sealed_columns(table) if name in values}
    if not sealed:
        return dict(values)
    base = table.metadata.tables[table.name.removesuffix(HISTORY_SUFFIX)]
    return {**values, **open_row(tenant_id, base.name, row_key(base, values), sealed)}


def seal_version(table: Table, values: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``texts`` with those of encrypted columns encrypted for the row of which ``values`` are.

    Raises: ``RingMissing``.
    """
    sealed = dict(texts)
    for name in sealed_columns(table):
        if isinstance(text := texts.get(name), str):
            column = Column(values["tenant_id"], table.name, name)
            sealed[name] = column.seal(row_key(table, values), text, like=values.get(name))
    return sealed


def row_key(table: Table, values: Mapping[str, Any]) -> str:
    """Return what a row's ciphertexts are bound to besides tenant, table and column: its key as text."""
    return ",".join(str(values[one.name]) for one in table.primary_key.columns if one.name != "tenant_id")


@dataclass(frozen=True, slots=True)
class _UnderKey:
    """A column under one key: what all its values have in common, made once."""

    header: bytes
    place: bytes
    siv: AESGCMSIV = field(repr=False)
    nonce_key: bytes = field(repr=False)

    def seal(self, row: str, plain: bytes) -> bytes:
        place = self.place + row.encode()
        # A nonce never says more than that two versions of one cell are equal.
        nonce = blake2b(place + plain, digest_size=_NONCE_BYTES, key=self.nonce_key).digest()
        return self.header + nonce + self.siv.encrypt(nonce, plain, place)

    def open(self, row: str, sealed: bytes) -> bytes:
        nonce, rest = sealed[_HEADER_BYTES:_BODY], sealed[_BODY:]
        return self.siv.decrypt(nonce, rest, self.place + row.encode())


@lru_cache(maxsize=256)
def _under_key(secret: bytes, key_id: str, tenant_id: int, table: str, column: str) -> _UnderKey:
    """Say what a ciphertext is bound to besides its row, and by which keys; no name or key holds a NUL."""
    header = header_of(key_id)
    keys = _derive(secret, tenant_id)
    place = header + f"{tenant_id}\0{table}\0{column}\0".encode()
    return _UnderKey(header, place, AESGCMSIV(keys[:KEY_BYTES]), keys[KEY_BYTES:])


def _derive(secret: bytes, tenant_id: int) -> bytes:
    """Derive a tenant's keys from one of the ring's: no two tenants share any."""
    info = f"rollbook field encryption 1, tenant {tenant_id}".encode()
    return HKDF(SHA256(), 2 * KEY_BYTES, salt=None, info=info).derive(secret)
