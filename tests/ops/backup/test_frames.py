"""Streams: what was put in comes out; whatever is changed, cut, moved or swapped is refused."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.core import keyring
from rollbook.core.keyring import Keyring
from rollbook.ops.backup import frames
from rollbook.ops.backup.errors import BackupKeyUnknown, StreamCut, StreamDamaged, StreamForeign
from rollbook.ops.backup.frames import FRAME_BYTES, MAGIC, open_frames, seal

ABOUT = "files/20261121T120000Z-000000/dump"
HEADER = len(MAGIC) + 4 + 24
Refused = (StreamDamaged, StreamCut, StreamForeign, BackupKeyUnknown)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return keyring.make_ring(tmp_path_factory.mktemp("keys") / "backup.key")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of a few bytes, so that a short text has many."""
    monkeypatch.setattr(frames, "FRAME_BYTES", 16)


def sealed(ring: Keyring, *chunks: bytes, about: str = ABOUT) -> bytes:
    return b"".join(seal(chunks, ring.key(ring.primary), about=about))


def opened(ring: Keyring, stream: bytes, about: str = ABOUT) -> bytes:
    return b"".join(open_frames([stream], ring, about=about))


def parts(stream: bytes) -> tuple[bytes, list[bytes]]:
    """Return the header and the frames."""
    header, rest, found = stream[:HEADER], stream[HEADER:], []
    while rest:
        length = 5 + int.from_bytes(rest[1:5], "big")
        found.append(rest[:length])
        rest = rest[length:]
    return header, found


@pytest.mark.parametrize("size", [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES])
def test_what_was_sealed_is_opened(ring: Keyring, size: int) -> None:
    plain = bytes(range(256)) * (size // 256) + b"\0" * (size % 256)
    stream = sealed(ring, plain)
    assert opened(ring, stream) == plain
    assert len(parts(stream)[1]) == max(1, -(-size // FRAME_BYTES))


@pytest.mark.usefixtures("small")
@given(chunks=st.lists(st.binary(max_size=60), max_size=8), cut=st.integers(min_value=1, max_value=40))
def test_however_it_is_cut_into_chunks(ring: Keyring, chunks: list[bytes], cut: int) -> None:
    stream = sealed(ring, *chunks)
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
    assert b"".join(open_frames(pieces, ring, about=ABOUT)) == b"".join(chunks)


@pytest.mark.usefixtures("small")
def test_any_flipped_bit_is_refused(ring: Keyring) -> None:
    stream = sealed(ring, b"Ada Byron, Oak Street 5, born 1815")
    for at in range(len(stream)):
        changed = bytearray(stream)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises(Refused):
            opened(ring, bytes(changed))


@pytest.mark.usefixtures("small")
def test_any_cut_is_refused(ring: Keyring) -> None:
    stream = sealed(ring, b"Ada Byron, Oak Street 5, born 1815")
    for length in range(len(stream)):
        with pytest.raises(StreamCut):
            opened(ring, stream[:length])


# a, b, c: the frames as they are; x: the first one of another stream; B ends the stream, C does not
MOVED = {
    "missing": "ac",
    "last missing": "ab",
    "swapped": "bac",
    "repeated": "aabc",
    "more after the last": "abcc",
    "of another stream": "xbc",
    "last too early": "aBc",
    "last denied": "abC",
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", MOVED)
def test_frames_stay_in_their_place(ring: Keyring, how: str) -> None:
    header, (a, b, c) = parts(sealed(ring, b"1" * 40))
    _, (x, *_) = parts(sealed(ring, b"1" * 40))
    frame = {"a": a, "b": b, "c": c, "x": x, "B": b"\x01" + b[1:], "C": b"\x00" + c[1:]}
    with pytest.raises((StreamDamaged, StreamCut)):
        opened(ring, b"".join([header, *(frame[letter] for letter in MOVED[how])]))


def test_a_file_under_another_name_is_refused(ring: Keyring) -> None:
    stream = sealed(ring, b"segment 1", about="wal/000000010000000000000001")
    with pytest.raises(
        StreamDamaged, match=r"wal/000000010000000000000002 was changed, or belongs elsewhere"
    ):
        opened(ring, stream, about="wal/000000010000000000000002")


def test_another_ring_is_told_from_damage(ring: Keyring, tmp_path: Path) -> None:
    other = keyring.make_ring(tmp_path / "other.key")
    with pytest.raises(BackupKeyUnknown, match=f"the key {ring.primary}"):
        opened(other, sealed(ring, b"x"))


def test_a_forged_key_of_the_same_id_is_refused(ring: Keyring, tmp_path: Path) -> None:
    other = keyring.make_ring(tmp_path / "other.key")
    forged = Keyring(other.path, ring.primary, {ring.primary: other.key(other.primary)})
    with pytest.raises(StreamDamaged, match="frame 0"):
        opened(forged, sealed(ring, b"x"))


def test_an_old_key_still_opens_after_a_rotation(tmp_path: Path) -> None:
    before = keyring.make_ring(tmp_path / "backup.key")
    stream = sealed(before, b"kept")
    after = keyring.add_key(tmp_path / "backup.key")
    assert after.primary != before.primary
    assert opened(after, stream) == b"kept"
    with pytest.raises(BackupKeyUnknown):
        opened(before, sealed(after, b"new"))


def test_no_two_streams_are_alike(ring: Keyring) -> None:
    assert sealed(ring, b"same") != sealed(ring, b"same")


def test_memory_does_not_grow_with_the_stream(ring: Keyring) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(60):
            yield b"\0" * (1024 * 1024)

    tracemalloc.start()
    total = sum(map(len, open_frames(seal(much(), ring.key(ring.primary), about=ABOUT), ring, about=ABOUT)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 60 * 1024 * 1024
    assert peak < 8 * FRAME_BYTES
