"""The command `rollbook doctor`."""

from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.checks import State
from rollbook.core.progress import progress_bar
from rollbook.ops.work import running_server
from rollbook.reporting.doctor import look_over
from rollbook.reporting.mending import tell_mends

app = typer.Typer()

WITH_FINDINGS: Final = 3


@app.command()
def doctor(*, json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False) -> None:
    """Say what is wrong with this installation, and how to mend it. Writes nothing.

    Looks at all that `rollbook health --deep` does, and in each tenant at the seals of the audit and the
    second factors of those who see whole districts. Exit code 3 if there is anything to do.
    """
    with progress_bar() as report:
        found = list(look_over(running_server(), report))
    if json:
        output.print_json(found)
    else:
        output.print_table(
            ("check", "", "what was found"), [(c.name, c.state.value, c.sentence) for c in found]
        )
        tell_mends(found)
    if any(checked.state is not State.FINE for checked in found):
        raise typer.Exit(WITH_FINDINGS)
