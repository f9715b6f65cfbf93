"""Commands of privacy: a student's rights, and what is published (the room research)."""

import os
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from rollbook.access.service import find_student_id
from rollbook.core import output
from rollbook.core.errors import Conflict
from rollbook.core.output import as_json
from rollbook.ops.work import Work, work_in
from rollbook.research.copy_commands import app as copies
from rollbook.research.table_commands import app as tables

app = typer.Typer(help="A student's rights; and telling no more of them than may be.", no_args_is_help=True)
app.registered_commands += tables.registered_commands + copies.registered_commands

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
StudentArgument = Annotated[str, typer.Argument(help="The student's number, or id.")]
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
