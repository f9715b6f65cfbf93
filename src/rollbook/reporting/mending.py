"""How a look at an installation ends on a terminal: what to do, then how much of it there is."""

from collections.abc import Sequence

import typer

from rollbook.core import output
from rollbook.core.checks import Checked, State
from rollbook.core.words import many


def tell_mends(found: Sequence[Checked]) -> None:
    """Print how to mend what is not fine, and say on stderr how many things that is."""
    for checked in found:
        if checked.mend:
            typer.echo(f"To mend {checked.name}: {checked.mend}")
    states = [checked.state for checked in found]
    wrong, warned = states.count(State.WRONG), states.count(State.WARNING)
    looked = f"{many(len(found), 'thing')} looked at:"
    output.say(
        f"{looked} {wrong} wrong, {warned} to look after." if wrong + warned else f"{looked} all fine."
    )
