"""A drill proves a backup or says what is wrong with it; its record is signed, and health judges by it."""


from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops.recovery.chains import Chain
from rollbook.core import clock, keyring
from rollbook.core.checks import State
from rollbook.ops.backup import health
from rollbook.ops.backup.drill import drill
from rollbook.ops.backup.kept import Kept
from rollbook.ops.backup.manifest import Backup, TableSum, manifest_name, publish
from rollbook.ops.backup.proofs import Proof, keep_proof, last_proofs

QUESTIONS = {"proof is there": "SELECT count(*) > 5 FROM proof"}


def test_a_drill_proves_the_newest_backup_and_its_log(elsewhere: Chain) -> None:
    proof = drill(elsewhere.settings, elsewhere.kept, questions=QUESTIONS)
    assert (proof.findings, proof.is_proven) == ((), True)
    assert (proof.chain, proof.not_compared, proof.asked) == (3, None, ("proof is there",))
    assert proof.tables >= 2
    assert proof.rto_s is not None
    assert proof.lsn is not None
    assert last_proofs(elsewhere.kept) == [proof]
    assert not list(elsewhere.settings.home.glob("restored-*")), "nothing is left"
    assert state_of(elsewhere.kept, "restore") == State.FINE


def test_a_drill_finds_what_is_not_as_it_was(elsewhere: Chain) -> None:
    """Of one table a row is gone, of another one is changed, a third was never there; an answer is no."""
    last = elsewhere.backups[-1]
    proof_sum, busy_sum = last.tables["public.proof"], last.tables["public.busy"]
    tables = {
        "public.proof": replace(proof_sum, rows=proof_sum.rows + 1),
        "public.busy": replace(busy_sum, checksum=busy_sum.checksum + "1"),
        "public.gone": TableSum(1, "1"),
    }
    republish(elsewhere.kept, replace(last, tables=tables))
    questions = {"wrong": "SELECT count(*) = 0 FROM proof", "broken": "SELECT 1 FROM nowhere", "raises": raises}
    proof = drill(elsewhere.settings, elsewhere.kept, questions=questions)
    assert not proof.is_proven
    assert proof.findings == (
        "public.busy has as many rows, but not the same",
        "public.gone is missing",
        "public.proof held 4 rows and has 3",
        "wrong: answered no",
        "broken: failed (UndefinedTable)",
        "raises: failed (AssertionError)",
    )
    assert state_of(elsewhere.kept, "restore") == State.WRONG


def raises(_: object) -> None:
    raise AssertionError


def test_a_record_that_was_not_signed_with_the_key_counts_for_nothing(elsewhere: Chain) -> None:
    signed = keep_proof(elsewhere.kept, some_proof())
    assert last_proofs(elsewhere.kept) == [signed]
    (name,) = elsewhere.kept.repository.names("drills")
    forged = elsewhere.kept.get_json(name) | {"is_proven": True, "findings": [], "rto_s": 0.1}
    elsewhere.kept.put_json(name, forged)
    assert last_proofs(elsewhere.kept) == []


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
        keep_proof(elsewhere.kept, replace(some_proof(), ended_at=now - proven_ago))
    found = {one.name: one.state for one in health.look_over(elsewhere.kept, now=lambda: now)}
    assert (found["restore"], found["backup"]) == (restore, backup)


def test_a_key_that_is_another_opens_nothing(elsewhere: Chain, tmp_path: Path) -> None:
    ring = keyring.make_ring(tmp_path / "another.key")
    kept = Kept(elsewhere.kept.repository, ring)
    (damaged,) = [one for one in health.look_over(kept) if one.name == "backup-manifests"]
    assert damaged.state == State.WRONG


def some_proof() -> Proof:
    at = clock.now()
    return Proof(
        backup_id="one",
        backup_at=at,
        chain=1,
        began_at=at,
        ended_at=at,
        is_proven=True,
        findings=(),
        rto_s=1.5,
        rpo_s=0.5,
        lsn="0/3000000",
        was_at=at,
        bytes=1,
        tables=1,
        rows=1,
        not_compared=None,
        asked=(),
    )


def state_of(kept: Kept, name: str) -> State:
    return next(one.state for one in health.look_over(kept) if one.name == name)


def republish(kept: Kept, backup: Backup) -> None:
    kept.repository.delete(manifest_name(backup.backup_id))
    publish(kept.repository, backup, kept.ring)


