"""Every table x every command x everybody: the database does what the oracle says, no more and no less."""

import pytest

from access.proof.matrix import acting_as
from access.proof.oracle import DELETE, INSERT, SELECT, UPDATE
from access.proof.world import World

SEEN = {
    "admin": None,
    "principal": {"counseled", "at school", "left this year"},
    "home-principal": {"colleague's", "elsewhere"},
    "former-principal": set(),
    "principal-who-teaches": set(),
    "registrar": {"counseled", "at school", "left this year"},
    "home-registrar": {"colleague's", "elsewhere"},
    "registrar-of-another-role": set(),
    "counselor": {"counseled"},
    "colleague": {"colleague's"},
    "counselor-of-a-school": {"colleague's", "elsewhere"},
    "counselor-of-the-past": set(),
    "teacher": {"counseled"},
    "former-teacher": set(),
    "proctor": set(),
    "tied-to-nobody": set(),
    "guardian": {"at school"},
    "self": {"counseled"},
    "granted-school": {"colleague's", "elsewhere"},
    "granted-student": {"of nobody"},
    "granted-tenant": None,
    "ended-grant": set(),
    "coming-grant": set(),
    "ended-tenant": set(),
    "researcher-without-a-grant": set(),
    "guardian-without-a-grant": set(),
}


def test_the_database_lets_everybody_do_exactly_what_the_oracle_says(world: World) -> None:
    differences = []
    with world.superuser() as db:
        for viewer in world.viewers.values():
            with acting_as(db, viewer):
                differences += world.matrix.differences(db, viewer)

    assert differences == []


@pytest.mark.parametrize(("name", "seen"), SEEN.items())
def test_the_oracle_knows_the_cast(world: World, name: str, seen: set[str] | None) -> None:
    """The relations are there, and each is what its name says."""
    tenant = "south" if name == "admin" else "north"
    students = world.viewers[f"{name}@{tenant}.test"].students

    if seen is None:
        assert students is None
    else:
        assert {who for who, student in world.people.students.items() if student in (students or ())} == seen


def test_the_generated_district_has_people_in_each_role(world: World) -> None:
    for role in ("teacher", "counselor", "principal"):
        assert world.viewers[f"{role}@north.example"].students, role
    assert world.viewers["district.admin@north.example"].students is None


def test_each_denial_stands_beside_somebody_who_may(world: World) -> None:
    """The very same statement touches rows for one and none, or fewer, for another."""
    matrix, viewers = world.matrix, world.viewers.values()
    for table in matrix.tables:
        if table.is_partition:
            continue
        for command in (SELECT, UPDATE, DELETE):
            touched = [len(matrix.oracle.may(viewer, table, command)) for viewer in viewers]
            assert max(touched) > 0, f"nobody may {command} any row of {table.name}"
            assert min(touched) == 0, f"everybody may {command} a row of {table.name}"
        for row in matrix.unborn[table.name]:
            may = {matrix.oracle.may_insert(viewer, table, row) for viewer in viewers}
            assert may == {True, False} or row["tenant_id"] == world.people.south, (table.name, INSERT)


def test_partitions_are_among_the_tables_and_nobody_reaches_them(world: World) -> None:
    partitions = [table for table in world.matrix.tables if table.is_partition]
    others = [viewer for viewer in world.viewers.values() if not viewer.is_owner]

    assert len(partitions) >= 5
    assert not any(
        world.matrix.oracle.is_granted(viewer, table, SELECT) for table in partitions for viewer in others
    )
    with world.superuser() as db:
        (marks,) = db.execute("SELECT count(*) FROM attendance_records_2025_09").fetchone() or (0,)
    assert marks > 0, "there was something to reach"
