"""Commands of API keys: how programs come in."""

from typing import Annotated

import typer

from rollbook.accounts import keys
from rollbook.accounts.keys import Scope
from rollbook.accounts.models import User
from rollbook.accounts.models_keys import ApiKey
from rollbook.accounts.service import get_user
from rollbook.core import output
from rollbook.ops.work import work_in

app = typer.Typer(help="Let programs use the API.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]


@app.command()
def create(  # noqa: PLR0913 -- each option says what it is for
    email: Annotated[str, typer.Argument(help="For whom the program acts: it sees what they see.")],
    *,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it opens; once for each. By default read.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="How long it lives; by default ROLLBOOK_API_KEY_DAYS.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Make a key. It is printed this once: keep it where the program finds it, and nowhere else."""
    with work_in(tenant) as work:
        user = get_user(work.db, work.tenant.tenant_id, email)
        made = keys.create_key(work.db, user, name, scope or [Scope.READ], days=days)
        told = {"key": made.text} | _fields(made.kept, user)
    (output.print_json if json else output.print_fields)(told)


@app.command(name="list")
def list_keys(*, tenant: TenantOption = None, json: Json = False) -> None:
    """List the keys of a tenant, the newest first."""
    with work_in(tenant) as work:
        rows = [_fields(key, user) for key, user in keys.list_keys(work.db, work.tenant.tenant_id)]
    if json:
        output.print_json(rows)
    else:
        columns = ("prefix", "email", "name", "scopes", "expires_at", "last_used_at", "revoked_at")
        cells = [tuple(row.values()) for row in rows]
        output.print_table(columns, cells, empty="No program has a key yet: `rollbook key create`.")


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="How the key begins, as `rollbook key list` has it.")],
    *,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """End a key, and every token that was issued for it, at once."""
    with work_in(tenant) as work:
        revoked = keys.revoke_key(work.db, work.tenant.tenant_id, prefix)
        told = _fields(revoked, work.db.get_one(User, (revoked.tenant_id, revoked.user_id)))
    (output.print_json if json else output.print_fields)(told)


def _fields(key: ApiKey, user: User) -> dict[str, object]:
    return {
        "prefix": key.prefix,
        "email": user.email,
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "expires_at": key.expires_at.isoformat(timespec="minutes"),
        "last_used_at": key.last_used_at.isoformat(timespec="minutes") if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat(timespec="minutes") if key.revoked_at else None,
    }
