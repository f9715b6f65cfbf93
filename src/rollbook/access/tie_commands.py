"""Commands of users: whose record in the roster is theirs."""

from typing import Annotated

import typer

from rollbook.access.grants import grant
from rollbook.access.service import tie_to_guardian, tie_to_staff, untie
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import get_user
from rollbook.core import output
from rollbook.core.errors import Invalid
from rollbook.ops.work import work_in

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Email = Annotated[str, typer.Argument(help="What they sign in with.")]


class TieUnnamed(Invalid):
    """Say one of --staff, --guardian and --student. Nothing was changed."""


@app.command()
def tie(  # noqa: PLR0913 -- each option says what it is for
    email: Email,
    *,
    staff: Annotated[
        str | None, typer.Option(help="A staff number: that school, caseload and sections are theirs.")
    ] = None,
    guardian: Annotated[
        str | None, typer.Option(help="A guardian number: whom they answer for, they see.")
    ] = None,
    student: Annotated[
        str | None, typer.Option(help="Their own student number: they are granted their record.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Say whose record in the roster a user's is; a user who has one already may get another."""
    if sum(number is not None for number in (staff, guardian, student)) != 1:
        raise TieUnnamed
    with work_in(tenant) as work:
        user = get_user(work.db, work.tenant.tenant_id, email)
        if staff is not None:
            tie_to_staff(work.db, user, staff)
        elif guardian is not None:
            tie_to_guardian(work.db, user, guardian)
        else:
            grant(work.db, user, GrantScope.STUDENT, student, reason="their own record")
        told = {"email": user.email, "staff": staff, "guardian": guardian, "student": student}
    (output.print_json if json else output.print_fields)(told)


@app.command(name="untie")
def untie_user(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """Let a user be no member of staff and no guardian any more: they see whom they are granted.

    A student's own record is a grant: `rollbook user end-grant` takes it back.
    """
    with work_in(tenant) as work:
        user = get_user(work.db, work.tenant.tenant_id, email)
        told = {"email": user.email, "records": untie(work.db, user)}
    (output.print_json if json else output.print_fields)(told)
