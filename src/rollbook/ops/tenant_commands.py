"""The command `rollbook tenants`."""

from typing import Annotated

import typer

from rollbook.core import output
from rollbook.ops.work import list_tenants

app = typer.Typer(add_completion=False)


@app.command()
def tenants(*, json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False) -> None:
    """List the tenants of this database."""
    found = list_tenants()
    if json:
        fields = ("slug", "name", "risk_target", "time_zone", "is_synthetic")
        output.print_json([{field: getattr(tenant, field) for field in fields} for tenant in found])
        return
    rows = [(t.slug, t.name, t.risk_target, "synthetic" if t.is_synthetic else "") for t in found]
    columns = ("tenant", "name", "predicts by", "data")
    output.print_table(
        columns, rows, empty="There is no tenant yet: the first import makes it (--new-tenant)."
    )
