"""Commands of amendments: `rollbook privacy amendment ...`."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from rollbook.core import output
from rollbook.ops.work import work_in

if TYPE_CHECKING:
    from rollbook.privacy.models import AmendmentRequest

app = typer.Typer(help="A family's requests to amend a record (34 CFR 99.20-99.22).", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Which = Annotated[UUID, typer.Argument(help="The request's id, as `amendment list` prints it.")]


@app.command()
def request(  # noqa: PLR0913 -- an option each
    student: Annotated[str, typer.Argument(help="The student's number.")],
    *,
    about: Annotated[str, typer.Option(help="The part of the record, such as attendance_records.")],
    asked: Annotated[str, typer.Option(help="What is wrong, and what it should say.")],
    by: Annotated[str, typer.Option(help="Who of the family asks.")],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Note that a family asks to amend a part of the record."""
    from rollbook.access.service import find_student_id  # noqa: PLC0415 -- loads the rooms
    from rollbook.privacy import amending  # noqa: PLC0415 -- likewise

    with work_in(tenant) as work:
        tenant_id = work.tenant.tenant_id
        student_id = find_student_id(work.db, tenant_id, student)
        made = amending.request_amendment(
            work.db, tenant_id, student_id, about=about, asked=asked, asked_by=by
        )
        _show(_told(made), json=json)


@app.command()
def hearing(
    amendment: Which,
    *,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day of the hearing.")],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Note the day of a hearing; what was refused is open again until it is decided."""
    from rollbook.privacy import amending  # noqa: PLC0415 -- loads the rooms

    with work_in(tenant) as work:
        heard = amending.hold_hearing(work.db, work.tenant.tenant_id, amendment, on.date())
        _show(_told(heard), json=json)


@app.command()
def grant(
    amendment: Which,
    *,
    reason: Annotated[str, typer.Option(help="What is changed and why; the family is told.")],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Grant a request; whoever keeps that part of the record writes it."""
    _decide(amendment, tenant, reason, is_granted=True, json=json)


@app.command()
def refuse(
    amendment: Which,
    *,
    reason: Annotated[
        str, typer.Option(help="Why; the family is told, and that they may ask for a hearing.")
    ],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Refuse a request."""
    _decide(amendment, tenant, reason, is_granted=False, json=json)


@app.command()
def statement(
    amendment: Which,
    *,
    text: Annotated[str, typer.Option(help="The family's words; shown with the record ever after.")],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Attach the family's statement to a refused request."""
    from rollbook.privacy import amending  # noqa: PLC0415 -- loads the rooms

    with work_in(tenant) as work:
        stated = amending.attach_statement(work.db, work.tenant.tenant_id, amendment, text)
        _show(_told(stated), json=json)


@app.command("list")
def list_amendments(
    student: Annotated[str, typer.Argument(help="The student's number.")],
    *,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """List what was asked to be amended of a student's record; it is noted as a showing of the record."""
    from rollbook.access.service import find_student_id  # noqa: PLC0415 -- loads the rooms
    from rollbook.audit.reading import by_command, disclosing  # noqa: PLC0415 -- likewise
    from rollbook.privacy import amending  # noqa: PLC0415 -- likewise

    with work_in(tenant) as work, disclosing(work.db, by_command()):
        student_id = find_student_id(work.db, work.tenant.tenant_id, student)
        told = [_told(one) for one in amending.amendments_of(work.db, work.tenant.tenant_id, student_id)]
    if json:
        output.print_json(told)
        return
    output.print_table(
        ("id", "about", "state", "asked by", "decision"),
        [tuple(one.values())[:5] for one in told],
        empty="Nothing of this record was asked to be amended.",
    )


def _decide(amendment: UUID, tenant: str | None, reason: str, *, is_granted: bool, json: bool) -> None:
    from rollbook.privacy import amending  # noqa: PLC0415 -- loads the rooms

    with work_in(tenant) as work:
        decided = amending.decide(
            work.db, work.tenant.tenant_id, amendment, is_granted=is_granted, reason=reason
        )
        _show(_told(decided), json=json)


def _told(one: "AmendmentRequest") -> dict[str, object]:
    return {
        "amendment_id": one.amendment_id,
        "about": one.about,
        "state": one.state,
        "asked_by": one.asked_by,
        "decision": one.decision,
        "asked": one.asked,
        "hearing_on": one.hearing_on,
        "statement": one.statement,
    }


def _show(told: Mapping[str, object], *, json: bool) -> None:
    if json:
        output.print_json(told)
    else:
        output.print_fields(told)
