"""Commands of privacy: a student's rights."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from rollbook.access.service import find_student_id
from rollbook.core import output
from rollbook.core.errors import Conflict, RollbookError
from rollbook.core.output import as_json
from rollbook.core.words import many
from rollbook.ops.work import Work, work_in
from rollbook.privacy import amendment_commands, retention_commands

if TYPE_CHECKING:
    from rollbook.privacy.erasing import Erased

app = typer.Typer(help="A student's rights: the record, and what follows from it.", no_args_is_help=True)
app.add_typer(amendment_commands.app, name="amendment")
app.add_typer(retention_commands.app, name="retention")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
StudentArgument = Annotated[str, typer.Argument(help="The student's number, or id.")]
FINDINGS: Final = 3
_INTEREST: Final = "34 CFR 99.10: the family's right to inspect and review"


class FileIsThere(Conflict):
    """{path} is there already. Say --yes to write over it, or name another file."""


@app.callback()
def privacy() -> None:
    """A student's rights; and telling no more of them than may be."""


@app.command()
def record(  # noqa: PLR0913 -- an option each
    student: StudentArgument,
    *,
    to: Annotated[str, typer.Option(help="To whom it is handed; this is noted in the disclosure log.")],
    because: Annotated[str, typer.Option(help="What for; this is noted too.")],
    pdf: Annotated[Path | None, typer.Option(help="Also write a PDF for the family to this file.")] = None,
    to_family: Annotated[
        bool,
        typer.Option(
            "--to-family/--to-staff",
            help="For the family: without what is others' own. For staff: all of it.",
        ),
    ] = True,
    paper: Annotated[str, typer.Option(help="Size of the PDF's pages: us-letter or a4.")] = "us-letter",
    yes: Annotated[bool, typer.Option("--yes", help="Write over a file that is there.")] = False,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Hand out everything there is about a student, as JSON on stdout and as a PDF with --pdf.

    That it is handed out, to whom and what for is noted in the disclosure log first: where that cannot be
    written, nothing is handed out. Keep the files as safe as the records.
    """
    from rollbook.privacy.document import document_of  # noqa: PLC0415 -- loads every room
    from rollbook.privacy.pdf import check_pdf, record_pdf  # noqa: PLC0415 -- likewise
    from rollbook.privacy.record import Handing, complete_record  # noqa: PLC0415 -- likewise

    if pdf is not None:
        check_pdf()
        if pdf.exists() and not yes:
            raise FileIsThere(path=pdf)
    with work_in(tenant) as work:
        found = complete_record(
            work.db,
            work.tenant,
            student_id_of(work, student),
            Handing(to=to, because=because, interest=_INTEREST, is_to_family=to_family),
        )
        made = record_pdf(document_of(found), paper=paper) if pdf is not None else None
    # only now is the disclosure kept
    if pdf is not None and made is not None:
        write_private(pdf, made)
        output.say(f"Written to {pdf}: {len(made):,} bytes")
    if json or pdf is None:
        typer.echo(as_json(found))


@app.command()
def erase(
    student: StudentArgument,
    *,
    basis: Annotated[
        str, typer.Option(help="Why, such as the request's number; it is kept and must name nobody.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Erase: there is no way back.")] = False,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Erase everything about a student, and say what was kept and why. Without --yes, try it and undo it.

    Exit code 3 if rows elsewhere still quote the student: what others wrote freely is for you to look at; or
    if the archive could not be written anew. Backups still have the record until they run out.
    """
    from rollbook.privacy.erasing import erase  # noqa: PLC0415 -- loads every room

    made: Erased | None = None
    with suppress(_OnlyTried), work_in(tenant, as_owner=True) as work:
        tenant_id = work.tenant.tenant_id
        made = erase(work.db, work.tenant, student_id_of(work, student), basis=basis)
        if not yes:
            raise _OnlyTried
    assert made is not None
    _show_erased(made, json=json, is_done=yes)
    is_forgotten = not yes or _forget_archived(tenant_id)
    if made.quoted or not is_forgotten:
        raise typer.Exit(FINDINGS)


class _OnlyTried(Exception):
    pass


def _forget_archived(tenant_id: int) -> bool:
    """Take the student out of the archive too, and say whether that was done: the erasure itself stands."""
    from rollbook.ops.archive.rewriting import forget_gone  # noqa: PLC0415 -- loads every room
    from rollbook.privacy.archiving import keeping_here  # noqa: PLC0415 -- likewise

    try:
        forgotten = forget_gone(keeping_here(), tenant_id)
    except RollbookError as error:
        output.say(f"The archive still has rows of them: {error} Then run `rollbook archive forget`.")
        return False
    for one in forgotten:
        output.say(f"Taken out of the archive: {many(one.rows, 'row')} of {one.table_name}")
    return True


def _show_erased(made: "Erased", *, json: bool, is_done: bool) -> None:
    if json:
        output.print_json({"is_done": is_done, "erased": made})
        return
    output.print_table(("removed from", "rows"), made.removed.items())
    for kept in made.kept:
        typer.echo(f"Kept: {kept.rows:,} {kept.what}: {kept.why}.")
    for name, rows in made.quoted.items():
        typer.echo(f"Still quoted: in {many(rows, 'row')} of {name}; look at them, and write them anew.")
    done = "Erased" if is_done else "Would be erased (say --yes)"
    typer.echo(
        f"{done}: {sum(made.removed.values()):,} rows; {made.redactions:,} values taken out of the logs"
    )


@app.command()
def readmit(
    student_number: Annotated[str, typer.Argument(help="The number of a student who was erased.")],
    *,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Let imports bring in again a student who was erased and is enrolled anew."""
    from rollbook.privacy import holds  # noqa: PLC0415 -- loads every room

    with work_in(tenant, as_owner=True) as work:
        names = holds.readmit(work.db, work.tenant.tenant_id, student_number)
    if json:
        output.print_json({"names": names})
        return
    typer.echo(f"Imports may bring this student in again: {many(names, 'name')} forgotten")


hold = typer.Typer(help="Let nothing of a student be erased while a case is open.", no_args_is_help=True)
app.add_typer(hold, name="hold")


@hold.command("place")
def place_hold(
    student: StudentArgument,
    *,
    reason: Annotated[str, typer.Option(help="Why, such as the case's number.")],
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Place a legal hold on a student."""
    from rollbook.privacy import holds  # noqa: PLC0415 -- loads every room

    with work_in(tenant) as work:
        placed = holds.place_hold(work.db, work.tenant.tenant_id, student_id_of(work, student), reason)
        shown = {"hold_id": placed.hold_id, "student_id": placed.student_id, "reason": placed.reason}
    if json:
        output.print_json(shown)
        return
    typer.echo("Nothing of this student is erased until the hold is ended")


@hold.command("end")
def end_hold(student: StudentArgument, *, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """End the legal holds on a student."""
    from rollbook.privacy import holds  # noqa: PLC0415 -- loads every room

    with work_in(tenant) as work:
        ended = holds.end_hold(work.db, work.tenant.tenant_id, student_id_of(work, student))
    if json:
        output.print_json({"ended": ended})
        return
    typer.echo(f"{many(ended, 'hold')} ended")


@hold.command("list")
def list_holds(*, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """List the legal holds that stand, by the students' ids; it is noted as a showing of the records."""
    from rollbook.audit.reading import by_command, disclosing  # noqa: PLC0415 -- loads the database's side
    from rollbook.privacy import holds  # noqa: PLC0415 -- loads every room

    with work_in(tenant) as work, disclosing(work.db, by_command()):
        standing = [
            {"student_id": one.student_id, "reason": one.reason, "by": one.placed_by, "since": one.placed_at}
            for one in holds.list_holds(work.db, work.tenant.tenant_id)
        ]
    if json:
        output.print_json(standing)
        return
    output.print_table(
        ("student", "reason", "by", "since"),
        [tuple(one.values()) for one in standing],
        empty="No legal hold stands.",
    )


def student_id_of(work: Work, said: str) -> UUID:
    """Return the student whom ``said``, a number or an id, names; an id may be one who was erased.

    Raises: ``StudentNotFound``.
    """
    try:
        return UUID(said)
    except ValueError:
        return find_student_id(work.db, work.tenant.tenant_id, said)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this account may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
