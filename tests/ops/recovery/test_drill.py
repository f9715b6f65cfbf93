"""A drill proves a backup or says what is wrong with it; its record is signed, and health judges by it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ops.recovery.chains import Chain, some_proof
from rollbook.core import clock, keyring
from rollbook.core.checks import Checked, State, fine
from rollbook.ops.backup.documents import keep_json, read_json
from rollbook.ops.backup.errors import RepositoryRefused
from rollbook.ops.backup.folder import Folder
from rollbook.ops.backup.manifest import Backup, TableSum, manifest_name, publish
from rollbook.ops.backup.repository import Stored
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery import health
from rollbook.ops.recovery.drill import drill
from rollbook.ops.recovery.errors import ProofNotKept
from rollbook.ops.recovery.proofs import keep_proof, last_proofs
from rollbook.ops.recovery.scratch import PREFIX


def asked(url: str, owner_url: str) -> list[Checked]:
    """The application's role sees what it owns; the owner is another."""
    with psycopg.connect(url) as app, psycopg.connect(owner_url) as owner:
        assert app.execute("SELECT current_user").fetchone() == ("school_app",)
        assert owner.execute("SELECT current_user").fetchone() == ("school_owner",)
    return [fine("asked", "It answers.")]


def wrong(url: str, _: str) -> list[Checked]:
    assert url.startswith("postgresql://rollbook_app@")
    return [Checked("wrong", State.WRONG, "Nobody is enrolled.")]


def broken(_: str, __: str) -> list[Checked]:
    message = "Ada failed"
    raise ValueError(message)


def test_a_drill_proves_the_newest_backup_and_its_log(elsewhere: Chain) -> None:
    """As the roles that worked there when it was made, whatever these are called."""
    last = elsewhere.backups[-1]
    called = {"rollbook_app": "school_app", "rollbook_owner": "school_owner"}
    republish(elsewhere.vault, replace(last, facts={**last.facts, "roles": called}))
    proof = drill(elsewhere.settings, elsewhere.vault, smoke=[asked])
    assert (proof.findings, proof.is_proven) == ((), True)
    assert (proof.chain, proof.not_compared) == (3, None)
    assert proof.tables >= 2
    assert proof.rto_s is not None
    assert proof.lsn is not None
    assert last_proofs(elsewhere.vault) == [proof]
    assert not list(elsewhere.settings.home.glob(f"{PREFIX}*")), "nothing is left"
    assert state_of(elsewhere.vault, "restore") == State.FINE


def test_a_drill_finds_what_is_not_as_it_was(elsewhere: Chain) -> None:
    """Of one table a row is gone, of another one is changed, a third was never there; an answer is no."""
    first = elsewhere.backups[0]
    proof_sum, busy_sum = first.tables["public.proof"], first.tables["public.busy"]
    tables = {
        "public.proof": replace(proof_sum, rows=proof_sum.rows + 1),
        "public.busy": replace(busy_sum, checksum=busy_sum.checksum + "1"),
        "public.gone": TableSum(1, "1"),
    }
    republish(elsewhere.vault, replace(first, tables=tables))
    proof = drill(elsewhere.settings, elsewhere.vault, first.backup_id, smoke=[wrong, broken])
    assert not proof.is_proven
    assert proof.findings == (
        "public.busy has as many rows, but not the same",
        "public.gone is missing",
        "public.proof held 2 rows and has 1",
        "Nobody is enrolled.",
        "what the application asks fails: ValueError",
    )
    assert state_of(elsewhere.vault, "restore") == State.WRONG


def test_the_last_drill_is_the_last_one_held_whatever_a_clock_said(elsewhere: Chain) -> None:
    ahead = replace(some_proof(), began_at=clock.now() + timedelta(days=365))
    failed = replace(some_proof(), is_proven=False, findings=("It is gone.",))
    for one in (ahead, failed):
        keep_proof(elsewhere.vault, one)
    assert last_proofs(elsewhere.vault)[0].findings == ("It is gone.",)
    assert state_of(elsewhere.vault, "restore") == State.WRONG


def test_a_drill_whose_record_cannot_be_kept_says_what_it_found(elsewhere: Chain) -> None:
    class ReadOnly(Folder):
        def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
            raise RepositoryRefused(where=self.where, reason=f"{name}: {next(iter(chunks))[:0]!r}")

    (elsewhere.settings.home / "backups" / "files" / elsewhere.backups[0].backup_id / "base.tar").unlink()
    vault = replace(elsewhere.vault, repository=ReadOnly(elsewhere.settings.home / "backups"))
    with pytest.raises(ProofNotKept, match=r"base\.tar is not in .* no record of it could be kept"):
        drill(elsewhere.settings, vault)


def test_a_backup_without_rows_is_not_the_last(elsewhere: Chain) -> None:
    at = clock.now() + timedelta(days=3)
    publish(elsewhere.vault.repository, Backup("z", "schema", at, at, "18.6", ()), elsewhere.vault.ring)
    found = {one.name: one.state for one in health.judge(elsewhere.vault, None, lambda: at)}
    assert found["backup"] == State.WARNING
    assert elsewhere.vault.catalog().find("latest") == elsewhere.backups[-1]


def test_a_record_that_was_not_signed_with_the_key_counts_for_nothing(elsewhere: Chain) -> None:
    signed = keep_proof(elsewhere.vault, some_proof())
    assert last_proofs(elsewhere.vault) == [signed]
    (name,) = elsewhere.vault.repository.names("drills")
    forged = read_json(elsewhere.vault, name) | {"is_proven": True, "findings": [], "rto_s": 0.1}
    keep_json(elsewhere.vault, name, forged)
    assert last_proofs(elsewhere.vault) == []


@pytest.mark.parametrize(
    ("proven_ago", "backed_up_ago", "restore", "backup"),
    [
        (timedelta(days=7), timedelta(hours=1), State.FINE, State.FINE),
        (timedelta(days=9), timedelta(hours=1), State.WARNING, State.FINE),
        (None, timedelta(hours=1), State.WARNING, State.FINE),
        (timedelta(hours=1), timedelta(hours=30), State.FINE, State.WARNING),
        (timedelta(days=-2), timedelta(days=-2), State.WARNING, State.WARNING),  # the clock went back
    ],
)
def test_health_judges_by_the_last_proven_restore(
    elsewhere: Chain,
    proven_ago: timedelta | None,
    backed_up_ago: timedelta,
    restore: State,
    backup: State,
) -> None:
    now = elsewhere.backups[-1].ended_at + backed_up_ago
    if proven_ago is not None:
        keep_proof(elsewhere.vault, replace(some_proof(), ended_at=now - proven_ago))
    found = {one.name: one.state for one in health.judge(elsewhere.vault, None, lambda: now)}
    assert (found["restore"], found["backup"]) == (restore, backup)


def test_a_key_that_is_another_opens_nothing(elsewhere: Chain, tmp_path: Path) -> None:
    ring = keyring.make_ring(tmp_path / "another.key")
    vault = Vault(elsewhere.vault.repository, ring)
    (damaged,) = [one for one in health.judge(vault, None) if one.name == "backup-manifests"]
    assert damaged.state == State.WRONG


def state_of(vault: Vault, name: str) -> State:
    return next(one.state for one in health.judge(vault, None) if one.name == name)


def republish(vault: Vault, backup: Backup) -> None:
    vault.repository.delete(manifest_name(backup.backup_id))
    publish(vault.repository, backup, vault.ring)
