"""Streams of a backup: compressed, then encrypted in numbered frames, of which none can be lost or moved.

Each stream has a key of its own (HKDF, RFC 5869, from the ring's key and the stream's random id), so that a
frame's number serves as its nonce and never repeats. Bound to every frame: the header, its number, whether it
is the last, and what the stream is about: the name of its file. Memory does not grow with the stream.

Shape:  header: magic (8 bytes), key id (4), stream id (24). Then frames: whether it is the last (1 byte),
length (4), AES-256-GCM of one zstd frame. Plaintext of a frame is at most ``FRAME_BYTES``.
"""

import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rollbook.core.keyring import ID_BYTES, KEY_BYTES, Key, Keyring, KeyUnknown
from rollbook.ops.backup.errors import BackupKeyUnknown, StreamCut, StreamDamaged, StreamForeign

FRAME_BYTES: Final = 2 * 1024 * 1024
MAGIC: Final = b"rollbk\x00\x01"
_STREAM_ID_BYTES: Final = 24
_HEADER_BYTES: Final = len(MAGIC) + ID_BYTES + _STREAM_ID_BYTES
_HEAD: Final = struct.Struct(">BI")
_NUMBER: Final = struct.Struct(">QB")
_LEVEL: Final = 3
# what zstd may add to incompressible data, and the tag
_MOST_BYTES: Final = FRAME_BYTES + FRAME_BYTES // 128 + 1024


@dataclass(frozen=True, slots=True)
class _Stream:
    """What all frames of one stream share."""

    header: bytes
    about: str
    key_id: str
    cipher: AESGCM = field(repr=False)

    def seal(self, number: int, piece: bytes, *, is_last: bool) -> bytes:
        sealed = self.cipher.encrypt(_nonce(number), piece, self._bound(number, is_last=is_last))
        return _HEAD.pack(is_last, len(sealed)) + sealed

    def open(self, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        try:
            return self.cipher.decrypt(_nonce(number), sealed, self._bound(number, is_last=is_last))
        except InvalidTag:
            raise self.damaged(number) from None

    def damaged(self, number: int) -> StreamDamaged:
        return StreamDamaged(about=self.about, frame=number, key_id=self.key_id)

    def _bound(self, number: int, *, is_last: bool) -> bytes:
        return self.header + _NUMBER.pack(number, is_last) + self.about.encode()


def seal(chunks: Iterable[bytes], key: Key, *, about: str) -> Iterator[bytes]:
    """Compress and encrypt ``chunks`` as the stream that is kept under the name ``about``."""
    header = MAGIC + bytes.fromhex(key.key_id) + secrets.token_bytes(_STREAM_ID_BYTES)
    stream = _stream(header, key, about)
    yield header
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    for number, (piece, is_last) in enumerate(_pieces(chunks)):
        yield stream.seal(number, compressor.compress(piece), is_last=is_last)


def open_frames(chunks: Iterable[bytes], ring: Keyring, *, about: str) -> Iterator[bytes]:
    """Decrypt and decompress the stream that was kept under the name ``about``.

    Raises: ``StreamForeign``; ``BackupKeyUnknown``; ``StreamDamaged``; ``StreamCut``. Use what was yielded
    before as little as what comes after: only one that ends without an error is whole.
    """
    reader = _Reader(chunks)
    stream = _opened(reader.take(_HEADER_BYTES), ring, about)
    decompressor = zstandard.ZstdDecompressor()
    number, is_last = 0, False
    while not is_last:
        is_last, sealed = _next_frame(reader, stream, number)
        piece = stream.open(number, sealed, is_last=is_last)
        yield decompressor.decompress(piece, max_output_size=FRAME_BYTES)
        number += 1
    if reader.take(1):
        raise stream.damaged(number)


def _opened(header: bytes, ring: Keyring, about: str) -> _Stream:
    if not header.startswith(MAGIC):
        raise (
            StreamForeign(about=about)
            if header[: len(MAGIC)] != MAGIC[: len(header)]
            else StreamCut(about=about)
        )
    if len(header) < _HEADER_BYTES:
        raise StreamCut(about=about)
    key_id = header[len(MAGIC) : len(MAGIC) + ID_BYTES].hex()
    try:
        return _stream(header, ring.key(key_id), about)
    except KeyUnknown:
        raise BackupKeyUnknown(about=about, key_id=key_id, path=ring.path) from None


def _next_frame(reader: "_Reader", stream: _Stream, number: int) -> tuple[bool, bytes]:
    head = reader.take(_HEAD.size)
    if len(head) < _HEAD.size:
        raise StreamCut(about=stream.about)
    flag, length = _HEAD.unpack(head)
    if flag > 1 or length > _MOST_BYTES:
        raise stream.damaged(number)
    sealed = reader.take(length)
    if len(sealed) < length:
        raise StreamCut(about=stream.about)
    return bool(flag), sealed


def _stream(header: bytes, key: Key, about: str) -> _Stream:
    derived = HKDF(SHA256(), KEY_BYTES, salt=header, info=b"rollbook backup stream 1").derive(key.secret)
    return _Stream(header, about, key.key_id, AESGCM(derived))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of ``FRAME_BYTES`` and whether it is the last, which alone may be shorter, or empty."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > FRAME_BYTES:
            yield bytes(held[:FRAME_BYTES]), False
            del held[:FRAME_BYTES]
    yield bytes(held), True


class _Reader:
    """Takes exactly so many bytes from chunks of any size."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = bytearray()

    def take(self, length: int) -> bytes:
        """Return ``length`` bytes, fewer only where the chunks end."""
        while len(self._held) < length and (chunk := next(self._chunks, None)) is not None:
            self._held += chunk
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken
