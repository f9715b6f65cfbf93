"""The key ring: its owner's alone, never half written, never printed, made once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.rings import ring_at
from rollbook.core import keyring
from rollbook.core.keyring import KeyUnknown, RingExposed, RingMissing, RingThere, RingUnreadable

# Adds keys until it is stopped.
CHILD = "from rollbook.core import keyring\nprint('ready', flush=True)\nwhile True: keyring.add_key()"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    with ring_at(tmp_path / "ring" / "keyring.json") as path:
        yield path


def test_only_its_owner_may_open_it(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600

    keyring.add_key()
    assert path.stat().st_mode & 0o777 == 0o600

    path.chmod(0o640)
    with pytest.raises(RingExposed, match="chmod 600"):
        keyring.ring()


@pytest.mark.usefixtures("path")
def test_a_new_key_encrypts_and_the_old_ones_stay() -> None:
    first = keyring.ring()
    second = keyring.add_key()

    assert keyring.ring() == second, "it is read again when the file changes"
    assert second.primary != first.primary
    assert second.key(first.primary) == first.key(first.primary)

    keyring.drop_key(first.primary)
    with pytest.raises(KeyUnknown, match=first.primary):
        keyring.ring().key(first.primary)


def test_it_is_made_once(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(RingThere):
        keyring.make_ring()
    assert path.read_bytes() == before


def test_what_is_missing_or_broken_says_so_and_quotes_nothing(path: Path) -> None:
    told = json.loads(path.read_text())
    secret = next(iter(told["keys"].values()))["secret"]
    for broken in ("", "{}", '{"primary": "x", "keys": {}}', path.read_text().replace(secret, secret[:-8])):
        path.write_text(broken)
        with pytest.raises(RingUnreadable) as refused:
            keyring.ring()
        assert secret[:8] not in str(refused.value)
    path.unlink()
    with pytest.raises(RingMissing, match=r"keyring\.json"):
        keyring.ring()


def test_no_repr_shows_a_key(path: Path) -> None:
    known = keyring.ring()
    secret = known.key(known.primary).secret
    shown = f"{known!r} {known.key(known.primary)!r} {known} {known.keys[known.primary]}"
    assert repr(secret)[2:-1] not in shown
    assert json.loads(path.read_text())["keys"][known.primary]["secret"] not in shown


@pytest.mark.usefixtures("path")
def test_a_killed_writer_leaves_a_whole_ring() -> None:
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, env=dict(os.environ))
        assert child.stdout
        child.stdout.readline()
        known = set(keyring.ring().keys)
        while len(keyring.ring().keys) < len(known) + 3:
            assert known <= set(keyring.ring().keys), "no key is ever lost"
        child.kill()
        child.communicate()
        assert known < set(keyring.ring().keys)
