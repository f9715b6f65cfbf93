"""A drill as an operation: held, and remembered by the database where one is there."""

from dataclasses import asdict

from rollbook.core.settings import Settings
from rollbook.ops.backup.noting import noted_if_possible
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.drill import drill
from rollbook.ops.recovery.proofs import Proof

VERB = "backup.drill"


def held_drill(settings: Settings, vault: Vault, backup_id: str) -> Proof:
    """Hold a drill; a fresh machine with nothing but the repository and its key is enough."""
    with noted_if_possible(settings, VERB) as run:
        proof = drill(settings, vault, backup_id)
        run.facts |= asdict(proof)
        run.has_findings = not proof.is_proven
    return proof
