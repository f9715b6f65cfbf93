"""Commands of users: what they are granted, and why they see a student."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from rollbook.access import grants
from rollbook.access.service import find_student_id
from rollbook.access.why import why as reasons_why
from rollbook.accounts.models_grants import GrantScope, UserGrant
from rollbook.accounts.service import get_user
from rollbook.audit.reading import by_command, disclosing
from rollbook.core import output
from rollbook.ops.work import work_in

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Email = Annotated[str, typer.Argument(help="What they sign in with.")]


@app.command()
def grant(  # noqa: PLR0913 -- each option says what it is for
    email: Email,
    scope: Annotated[GrantScope, typer.Argument(help="How far it reaches.")],
    name: Annotated[
        str | None,
        typer.Argument(help="A school's code, COURSE/SECTION, or a student's number; none for the tenant."),
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why they need it; who asks is told.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day; by default today.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="For writing too: what their role writes, about these as well.")
    ] = False,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day without it; by default none.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Let a user see students beside those of their work."""
    with work_in(tenant) as work:
        given = grants.grant(
            work.db,
            get_user(work.db, work.tenant.tenant_id, email),
            scope,
            name,
            reason=reason,
            begins_on=since.date() if since else None,
            ends_on=until.date() if until else None,
            may_write=write,
        )
        (output.print_json if json else output.print_fields)(_fields(given))


@app.command(name="grants")
def list_grants(email: Email, *, tenant: TenantOption = None, json: Json = False) -> None:
    """List every grant that a user ever had, the newest first."""
    with work_in(tenant) as work:
        user = get_user(work.db, work.tenant.tenant_id, email)
        listed = [_fields(given) for given in grants.list_grants(work.db, user)]
        if json:
            output.print_json(listed)
        else:
            columns = ("grant_id", "scope", "scope_id", "begins_on", "ends_on", "writing", "reason")
            cells = [tuple(row.values()) for row in listed]
            output.print_table(columns, cells, empty="They see by their work alone: nothing was granted.")


@app.command(name="end-grant")
def end_grant(
    email: Email,
    grant_id: Annotated[UUID, typer.Argument(help="As `rollbook user grants` lists it.")],
    *,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Take a grant back, from today on."""
    with work_in(tenant) as work:
        user = get_user(work.db, work.tenant.tenant_id, email)
        ended = grants.end_grant(work.db, user, grant_id)
        (output.print_json if json else output.print_fields)(_fields(ended))


@app.command()
def why(
    email: Email,
    student: Annotated[str, typer.Argument(help="The student's number.")],
    *,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Say why a user sees a student, and since when; or that nothing lets them."""
    with work_in(tenant) as work, disclosing(work.db, by_command()):
        user = get_user(work.db, work.tenant.tenant_id, email)
        found = reasons_why(work.db, user, find_student_id(work.db, work.tenant.tenant_id, student))
        address = user.email
    if json:
        told = [{"rule": one.rule, "because": one.because, "since": one.since} for one in found]
        output.print_json({"email": address, "student": student, "sees": bool(found), "reasons": told})
    elif found:
        output.print_table(
            ("rule", "because", "since"), [(one.sentence, one.because, one.since) for one in found]
        )
    else:
        output.print_fields({"sees": "no: no rule and no grant lets this user see this student"})


def _fields(given: UserGrant) -> dict[str, object]:
    return {
        "grant_id": str(given.grant_id),
        "scope": given.scope.value,
        "scope_id": str(given.scope_id) if given.scope_id else None,
        "begins_on": given.begins_on.isoformat(),
        "ends_on": given.ends_on.isoformat() if given.ends_on else None,
        "writing": "yes" if given.may_write else "no",
        "reason": given.reason,
    }
