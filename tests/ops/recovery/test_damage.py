"""A repository that was damaged is refused, and a drill says so: nothing bad is reported as good."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.recovery.chains import Chain, some_proof
from rollbook.core import keyring
from rollbook.core.checks import State
from rollbook.core.errors import RollbookError
from rollbook.ops.backup.errors import BackupKeyUnknown, ChainBroken, StoredFileMissing
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.vault import Vault
from rollbook.ops.backup.verifying import Verified, verify
from rollbook.ops.recovery import health
from rollbook.ops.recovery.drill import drill
from rollbook.ops.recovery.proofs import keep_proof, last_proofs
from rollbook.ops.recovery.restoring import restore_into
from rollbook.ops.recovery.targets import NEWEST, Target, plan, ranges
from rollbook.ops.recovery.verifying import copies_verified, logs_verified


def root(chain: Chain) -> Path:
    return chain.settings.home / "backups"


def base(chain: Chain, name: str = "base.tar", link: int = 0) -> Path:
    return root(chain) / "files" / chain.backups[link].backup_id / name


def segment_after(chain: Chain, place: int = 1) -> Path:
    """A file of the log that recovery needs after the last backup."""
    last = chain.backups[-1].last_wal or ""
    log = sorted((root(chain) / "wal" / (chain.backups[0].system_identifier or "")).glob("0*"))
    return [path for path in log if path.name > last][place - 1]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def replace(one: Path, other: Path) -> None:
    one.write_bytes(other.read_bytes())


def verified(chain: Chain, vault: Vault, backup_id: str) -> list[Verified]:
    with copies_verified(chain.settings, vault) as of_copies:
        return verify(vault, backup_id, of_copies=of_copies)


FILES: dict[str, Callable[[Chain], None]] = {
    "a flipped bit of the base": lambda chain: flip(base(chain)),
    "a base that was cut": lambda chain: cut(base(chain)),
    "a base that is gone": lambda chain: base(chain).unlink(),
    "incrementals in each other's place": lambda chain: swap(base(chain, link=1), base(chain, link=2)),
    "a base from elsewhere": lambda chain: replace(base(chain), base(chain, link=1)),
}
LOG: dict[str, Callable[[Chain], None]] = {
    "a flipped bit of the log": lambda chain: flip(segment_after(chain)),
    "files of the log in each other's place": lambda chain: swap(
        segment_after(chain, 1), segment_after(chain, 2)
    ),
}


@pytest.mark.parametrize("damage", FILES)
def test_a_damaged_backup_is_refused_before_anything_changes(
    elsewhere: Chain, open_folder: Path, damage: str
) -> None:
    FILES[damage](elsewhere)
    with pytest.raises(RollbookError):
        restore_into(elsewhere.settings, elsewhere.vault, open_folder / "here")
    assert not (open_folder / "here").exists()


def test_a_drill_of_a_damaged_backup_proves_nothing(elsewhere: Chain) -> None:
    flip(base(elsewhere, link=2))
    proof = drill(elsewhere.settings, elsewhere.vault)
    assert not proof.is_proven
    (found,) = proof.findings
    assert elsewhere.backups[2].backup_id in found


@pytest.mark.parametrize("damage", LOG)
def test_a_damaged_log_is_not_taken_for_its_end(elsewhere: Chain, open_folder: Path, damage: str) -> None:
    """PostgreSQL would take a file that it does not get for the end, and lose what follows."""
    LOG[damage](elsewhere)
    place, base_id = open_folder / "here", elsewhere.backups[0].backup_id
    with pytest.raises(RollbookError, match="wal/"):
        restore_into(elsewhere.settings, elsewhere.vault, place, base_id, to=Target("latest"))
    assert not (open_folder / "here").exists()


def test_a_missing_file_of_the_log_is_a_gap_that_is_told(elsewhere: Chain) -> None:
    last = elsewhere.backups[-1].backup_id
    before = ranges(elsewhere.vault, elsewhere.backups)[last]
    gone = segment_after(elsewhere)
    gone.unlink()
    after = ranges(elsewhere.vault, elsewhere.backups)[last]
    assert (before.missing, after.missing) == (None, gone.name)
    assert after.end < before.end
    (told,) = [one for one in health.judge(elsewhere.vault, None) if one.name == "log"]
    assert told.state == State.WRONG
    assert gone.name in told.sentence


def test_a_drill_of_a_chain_that_lost_a_link_is_remembered_as_failed(elsewhere: Chain) -> None:
    keep_proof(elsewhere.vault, some_proof())
    (root(elsewhere) / "manifests" / f"{elsewhere.backups[1].backup_id}.json").unlink()
    assert not drill(elsewhere.settings, elsewhere.vault).is_proven
    (proof, _) = last_proofs(elsewhere.vault)
    assert f"builds on {elsewhere.backups[1].backup_id}, which is not there" in proof.findings[0]
    found = {one.name: one for one in health.judge(elsewhere.vault, None)}
    assert (found["restore"].state, found["backup-files"].state) == (State.WRONG, State.WRONG)


@pytest.mark.parametrize(("harm", "told"), [(Path.unlink, "is missing"), (cut, "is cut off")])
def test_health_sees_that_a_file_of_the_newest_chain_is_not_there(
    elsewhere: Chain, harm: Callable[[Path], None], told: str
) -> None:
    assert "backup-files" not in {one.name for one in health.judge(elsewhere.vault, None)}
    harm(base(elsewhere))
    (found,) = [one for one in health.judge(elsewhere.vault, None) if one.name == "backup-files"]
    assert found.state == State.WRONG
    assert f"base.tar {told}" in found.sentence


def test_a_chain_is_verified_and_each_file_read_once(
    elsewhere: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[str] = Counter()
    get = Folder.get

    def counted(self: Folder, name: str) -> Iterator[bytes]:
        read[name] += 1
        return get(self, name)

    monkeypatch.setattr(Folder, "get", counted)
    last = elsewhere.backups[-1].backup_id
    assert [one.faults for one in verified(elsewhere, elsewhere.vault, last)] == [(), (), ()]
    files = [file.name for one in elsewhere.backups for file in one.files]
    assert {name: read[name] for name in files} == dict.fromkeys(files, 1)


@pytest.mark.parametrize("harm", [Path.unlink, flip])
def test_verify_misses_no_log_that_a_backup_ends_with(elsewhere: Chain, harm: Callable[[Path], None]) -> None:
    first = elsewhere.backups[0]
    harm(root(elsewhere) / "wal" / (first.system_identifier or "") / (first.last_wal or ""))
    (found,) = verified(elsewhere, elsewhere.vault, first.backup_id)
    assert (first.last_wal or "") in found.faults[0]
    (log,) = logs_verified(elsewhere.vault, elsewhere.vault.catalog())
    assert log.is_whole == (harm is not flip), "what is missing is told as a gap"


def test_a_missing_link_breaks_the_chain(elsewhere: Chain) -> None:
    (root(elsewhere) / "manifests" / f"{elsewhere.backups[1].backup_id}.json").unlink()
    with pytest.raises(ChainBroken):
        plan(elsewhere.vault, elsewhere.backups[2].backup_id, Target("end"))
    assert plan(elsewhere.vault, elsewhere.backups[0].backup_id, Target("end"))


def test_a_wrong_key_opens_nothing(elsewhere: Chain, open_folder: Path, tmp_path: Path) -> None:
    vault = Vault(elsewhere.vault.repository, keyring.make_ring(tmp_path / "another.key"))
    with pytest.raises(RollbookError):
        restore_into(elsewhere.settings, vault, open_folder / "here", NEWEST)
    with pytest.raises(BackupKeyUnknown):
        b"".join(vault.open(elsewhere.backups[0].files[0].name))


def test_what_was_never_kept_is_missing(elsewhere: Chain) -> None:
    with pytest.raises(StoredFileMissing):
        b"".join(elsewhere.vault.open("wal/1/000000010000000000000001"))
