"""Each wall weakened in turn is noticed: a matrix that could not fail would prove nothing."""

import random
from collections.abc import Sequence

import pytest

from access.proof.catalogue import Connection
from access.proof.matrix import acting_as
from access.proof.mutants import Mutant, conjuncts, mutants_of
from access.proof.oracle import Viewer
from access.proof.world import World

SAMPLE = 120
# Mutants that are no weaker: what is left implies what was removed.
EQUIVALENT = {
    # who must see the whole tenant need not see the student
    "disclosures: walled_rows USING without conjunct 3",
    "disclosures: walled_rows WITH CHECK without conjunct 3",
    # nobody is granted to add rows but the owner, who may note anything; who changes one must see it first
    "disclosures: walled_rows WITH CHECK without conjunct 2",
    "audit_writes: walled_rows WITH CHECK without conjunct 2",
}


def witnesses(world: World) -> list[Viewer]:
    """Return some who between them notice everything; many more see as they do."""
    chosen = (
        "bi of",
        "owner",
        "who ",
        "nobody",
        "teacher@north",
        "admin@south",
        "district.admin@north",
        "tied-to-nobody",
    )
    return [viewer for viewer in world.viewers.values() if any(part in viewer.name for part in chosen)]


def survives(world: World, db: Connection, mutant: Mutant, viewers: Sequence[Viewer]) -> bool:
    db.execute("SAVEPOINT mutant")
    db.execute(mutant.statement)
    try:
        for viewer in viewers:
            with acting_as(db, viewer):
                if world.matrix.differences(db, viewer, {mutant.table}):
                    return False
        return True
    finally:
        db.execute("ROLLBACK TO SAVEPOINT mutant")


def survivors(world: World, db: Connection, mutants: Sequence[Mutant]) -> set[str]:
    viewers = witnesses(world)
    return {str(mutant) for mutant in mutants if survives(world, db, mutant, viewers)}


def test_a_sample_of_weakened_walls_is_noticed(world: World) -> None:
    with world.superuser() as db:
        mutants = [mutant for mutant in mutants_of(db) if str(mutant) not in EQUIVALENT]
        sample = random.Random(20261121).sample(mutants, SAMPLE)

        assert survivors(world, db, sample) == set()


@pytest.mark.slow
def test_every_weakened_wall_is_noticed(world: World) -> None:
    with world.superuser() as db:
        assert survivors(world, db, mutants_of(db)) == EQUIVALENT


def test_without_a_mutant_nobody_notices_anything(world: World) -> None:
    with world.superuser() as db:
        nothing = Mutant("students", "nothing", "SELECT 1")

        assert survives(world, db, nothing, witnesses(world))


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("true", ["true"]),
        ("(a = 1)", ["a = 1"]),
        ("((a = 1) AND ((b = 2) OR (c = ') AND (')))", ["(a = 1)", "((b = 2) OR (c = ') AND ('))"]),
        ("((a = 1) AND (b = 2) AND c)", ["(a = 1)", "(b = 2)", "c"]),
    ],
)
def test_an_expression_is_parted_at_its_top(expression: str, parts: list[str]) -> None:
    assert conjuncts(expression) == parts
