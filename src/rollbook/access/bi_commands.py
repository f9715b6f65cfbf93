"""Commands of BI roles: who looks in by SQL."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from rollbook.access import bi_roles
from rollbook.core import output
from rollbook.core.database import engine_for
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, transaction
from rollbook.ops import logins
from rollbook.ops.errors import RolesMadeElsewhere
from rollbook.ops.work import running_server, work_in

app = typer.Typer(help="Let BI, Grafana or psql read a tenant.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Name = Annotated[str, typer.Argument(help="What it signs in to PostgreSQL with.")]


@app.command()
def add(  # noqa: PLR0913 -- each option says what it is for
    name: Name,
    *,
    school: Annotated[
        str | None, typer.Option(help="Code of the one school whose students it sees; else all.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read its password from stdin; else a random one is told."),
    ] = False,
    existing: Annotated[
        bool, typer.Option("--existing", help="The server has the role already, made by its administrator.")
    ] = False,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Make a login role that only reads, and sees one tenant or one school whatever it sets.

    Its URL is printed this once. What it reads is in no disclosure log; where Rollbook runs the server,
    it is in the server's log.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with _as_owner(tenant) as (db, tenant_id):
        bi_roles.add_bi_role(db, tenant_id, name, school)
        told: dict[str, object] = {"role": name, "school": school}
        if existing:
            logins.check_login(settings(), name)
        else:
            made = logins.make_login(settings(), name, password)
            told["url"] = None if password_stdin else logins.url_for(settings(), name, made)
    if existing or not logins.is_logged(settings()):
        output.say(f"What {name} reads is logged nowhere: ask for log_statement = 'all', or for pgaudit.")
    (output.print_json if json else output.print_fields)(told)


@app.command(name="list")
def list_roles(*, tenant: TenantOption = None, json: Json = False) -> None:
    """List the BI roles of a tenant."""
    with work_in(tenant) as work:
        found = bi_roles.list_bi_roles(work.db, work.tenant.tenant_id)
        rows = [
            (role.role_name, school, role.created_at.isoformat(timespec="minutes")) for role, school in found
        ]
    columns = ("role", "school", "created_at")
    if json:
        output.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.print_table(columns, rows, empty="There is no BI role yet: `rollbook bi-role add`.")


@app.command()
def remove(name: Name, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Let a BI role see nothing any more, end its sessions and drop it."""
    with _as_owner(tenant) as (db, tenant_id):
        bi_roles.remove_bi_role(db, tenant_id, name)
    try:
        logins.drop_login(settings(), name)
    except RolesMadeElsewhere:
        output.say(
            f"{name} sees nothing any more; the role itself is for the server's administrator to drop."
        )
    (output.print_json if json else output.print_fields)({"role": name, "removed": True})


@contextmanager
def _as_owner(slug: str | None) -> Iterator[tuple[Session, int]]:
    """Run the block as the owner's role, which alone may say who looks in, within one tenant."""
    with work_in(slug) as work:
        tenant_id = work.tenant.tenant_id
    with transaction(engine_for(running_server().owner_url), Visibility(tenant_id)) as db:
        yield db, tenant_id
