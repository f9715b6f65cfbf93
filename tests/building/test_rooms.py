"""Each room introduces itself truthfully: what it owns, its verbs, its terms."""

import re

import pytest
from sqlalchemy import Table

from building.rooms import Room, every_room
from rollbook.core.schema import Base
from rollbook.migrations import registry

ROOMS = every_room()
MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=str)


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_a_room_says_what_it_owns_its_verbs_and_its_terms(room: Room) -> None:
    assert room.says.splitlines()[0].endswith((".", "?"))
    assert [heading for heading in ("Owns", "Verbs", "Terms") if not room.under(heading)] == []


@pytest.mark.parametrize("room", [room for room in ROOMS if room.has_tables], ids=str)
def test_a_room_owns_the_tables_that_its_models_declare(room: Room) -> None:
    assert room.listed("Owns") == room.tables()


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_the_verbs_of_a_room_are_there(room: Room) -> None:
    named = {verb for verb in room.listed("Verbs") if re.fullmatch(r"[a-z_]+", verb)}

    assert named - room.verbs() == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_table_says_its_grain(model: type[Base]) -> None:
    assert re.search(r"Grain: ", model.__doc__ or ""), "its docstring says what one row is"


def test_no_room_is_forgotten_by_the_migrations() -> None:
    declared = {
        str(mapper.class_.__table__.name)
        for mapper in Base.registry.mappers
        if isinstance(mapper.class_.__table__, Table)
    }
    owned = {table for room in ROOMS if room.has_tables for table in room.tables()}

    assert owned | {"tenants"} == declared
    assert declared <= set(registry.metadata.tables)


def test_a_room_that_boasts_is_noticed() -> None:
    boasting = Room(
        "conduct",
        "Room: conduct. What happened.\n\n"
        "Owns    discipline_incidents, medals (none yet)\n"
        "Verbs   punish\n"
        "Terms   severity = how grave",
    )

    assert boasting.listed("Owns") - boasting.tables() == {"medals"}
    assert boasting.listed("Verbs") - boasting.verbs() == {"punish"}
    assert boasting.under("Reads") == ""
