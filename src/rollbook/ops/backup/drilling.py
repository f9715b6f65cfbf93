"""A drill as an operation: held, and remembered by the database where one is there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.backup.drill import Question, as_facts, drill
from rollbook.ops.backup.kept import open_kept
from rollbook.ops.backup.proofs import Proof
from rollbook.ops.runs import Noted, noted

VERB = "backup.drill"


def held_drill(
    settings: Settings, backup_id: str, questions: Mapping[str, Question], report: Report
) -> Proof:
    """Hold a drill; a fresh machine with nothing but the repository and its key is enough."""
    with _noted(settings) as run:
        proof = drill(settings, open_kept(settings), backup_id, questions, report)
        if run is not None:
            run.facts.update(as_facts(proof))
            run.has_findings = not proof.is_proven
    return proof


@contextmanager
def _noted(settings: Settings) -> Iterator[Noted | None]:
    state = server.status(settings)
    if not state.running or not state.owner_url:
        yield None
        return
    with noted(state.owner_url, VERB) as run:
        yield run
