"""What `rollbook generate district` reads from the environment; an option says otherwise and wins.

The names are those that seeding scripts of this kind have had; they have no prefix.
"""

import re
from collections.abc import Mapping
from typing import Final

from rollbook.core.errors import Invalid
from rollbook.demo.phases import ALL

SEED_RNG: Final = "SEED_RNG"
MAX_TOTAL_STUDENTS: Final = "MAX_TOTAL_STUDENTS"
SKIP_DB_INIT: Final = "SKIP_DB_INIT"
SKIP_PHASE: Final = "SKIP_PHASE_"
VARIABLES: Final = {
    SEED_RNG: "Seed of `rollbook generate district`, where --seed is absent.",
    MAX_TOTAL_STUDENTS: "Most students that `rollbook generate district` makes, where --students is absent.",
    f"{SKIP_PHASE}<n>": "true: `rollbook generate district` leaves out phase n, where --phases is absent.",
    SKIP_DB_INIT: "true: `rollbook generate district` leaves the schema as it is, as --no-migrate does.",
}
_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"", "0", "false", "no", "off"}


class VariableInvalid(Invalid):
    """The variable {name} is '{value}'; it must be {wanted}."""

    exit_code = 2


def number(environment: Mapping[str, str], name: str) -> int | None:
    """Return the whole number in ``name``, none where it is absent or empty.

    Raises: ``VariableInvalid``.
    """
    value = environment.get(name, "").strip()
    if not value:
        return None
    if not value.isdecimal():
        raise VariableInvalid(name=name, value=value, wanted="a whole number")
    return int(value)


def is_true(environment: Mapping[str, str], name: str) -> bool:
    """Say whether ``name`` is there and true.

    Raises: ``VariableInvalid``.
    """
    value = environment.get(name, "").strip().lower()
    if value not in _TRUE | _FALSE:
        raise VariableInvalid(name=name, value=value, wanted="true or false")
    return value in _TRUE


def phases(environment: Mapping[str, str]) -> frozenset[int]:
    """Return the phases that no variable leaves out.

    Raises: ``VariableInvalid``.
    """
    pattern = re.compile(rf"{SKIP_PHASE}(\d+)")
    named = {name: found[1] for name in environment if (found := pattern.fullmatch(name))}
    unknown = sorted(name for name, phase in named.items() if int(phase) not in ALL)
    if unknown:
        wanted = f"{SKIP_PHASE}1 to {SKIP_PHASE}{max(ALL)}: there is no other phase"
        raise VariableInvalid(name=unknown[0], value=environment[unknown[0]], wanted=wanted)
    return ALL - {int(phase) for name, phase in named.items() if is_true(environment, name)}
