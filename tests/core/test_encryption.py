"""A value is read back in its own row and column, and nowhere else, and not when a byte of it was changed."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rings import ring_at
from rollbook.core import keyring
from rollbook.core.encryption import CiphertextRefused, Column, Sealed, key_of, open_row
from rollbook.core.errors import RollbookError
from rollbook.core.keyring import KeyUnknown

PHONES = Column(1, "students", "phone")
ROW = uuid4()
# Text that a column can hold: neither NUL nor lone surrogates.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)


@pytest.fixture(scope="module", autouse=True)
def _ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with ring_at(tmp_path_factory.mktemp("ring") / "keyring.json"):
        yield


@given(texts)
def test_what_was_sealed_is_opened(text: str) -> None:
    sealed = PHONES.seal(ROW, text)
    assert PHONES.open(ROW, sealed) == text
    assert text.encode() not in sealed or len(text) < 3


@given(texts, texts)
def test_equal_bytes_mean_equal_text(one: str, other: str) -> None:
    assert (PHONES.seal(ROW, one) == PHONES.seal(ROW, other)) is (one == other)


@given(texts)
def test_it_opens_nowhere_else(text: str) -> None:
    sealed = PHONES.seal(ROW, text)
    elsewhere = [
        (Column(2, "students", "phone"), ROW),
        (Column(1, "guardians", "phone"), ROW),
        (Column(1, "students", "address"), ROW),
        (PHONES, uuid4()),
    ]
    for column, row in elsewhere:
        assert column.seal(row, text)[5:] != sealed[5:], "not even its nonce is the same"
        with pytest.raises(CiphertextRefused) as refused:
            column.open(row, sealed)
        assert str(refused.value) == str(CiphertextRefused(table=column.table, column=column.column)), (
            "it quotes no value"
        )


@given(texts, st.integers(1, 255))
def test_no_byte_can_be_changed(text: str, flipped: int) -> None:
    sealed = PHONES.seal(ROW, text)
    for place in range(len(sealed)):
        tampered = sealed[:place] + bytes([sealed[place] ^ flipped]) + sealed[place + 1 :]
        if tampered[0] == 0:
            continue  # version 0 is plain text, which the column's type does not take any more
        with pytest.raises((CiphertextRefused, KeyUnknown)):
            PHONES.open(ROW, tampered)


@given(st.integers(1, 60))
def test_no_end_can_be_cut_off(cut: int) -> None:
    sealed = PHONES.seal(ROW, "555-0100")
    with pytest.raises(RollbookError):
        PHONES.open(ROW, sealed[:-cut])


def test_no_key_of_one_tenant_is_anothers() -> None:
    """The same row in two tenants: no block of the two values is the same."""
    values = {Column(tenant, "students", "phone").seal(ROW, "555-0100" * 20)[5:] for tenant in range(1, 9)}
    chunks = [value[at : at + 4] for value in values for at in range(0, len(value) - 4, 4)]
    assert len(values) == 8
    assert len(set(chunks)) == len(chunks)


def test_an_unchanged_value_is_kept_under_the_key_that_it_has() -> None:
    old = PHONES.seal(ROW, "555-0100")
    keyring.add_key()

    assert PHONES.seal(ROW, "555-0100", like=old) == old
    assert PHONES.open(ROW, old) == "555-0100"
    assert key_of(PHONES.seal(ROW, "555-0101", like=old)) == keyring.ring().primary != key_of(old)
    assert PHONES.seal(ROW, "555-0100", like=b"\0" + b"555-0100")[:1] == b"\1", "plain text is never kept"


def test_plain_text_of_before_is_read() -> None:
    assert PHONES.open(ROW, "\0Łódź 555".encode()) == "Łódź 555"
    assert PHONES.open(ROW, None) is None


def test_a_row_is_opened_as_a_whole() -> None:
    row = {"first_name": "Ada", "phone": PHONES.seal(ROW, "555"), "address": None}
    assert open_row(1, "students", ROW, row) == {"first_name": "Ada", "phone": "555", "address": None}


@pytest.mark.parametrize("value", ["555-0100", b"\x00555", b""])
def test_nothing_plain_can_be_bound_to_the_column(value: object) -> None:
    bind = Sealed().bind_processor(None)
    with pytest.raises(TypeError, match="encrypted column"):
        bind(value)
