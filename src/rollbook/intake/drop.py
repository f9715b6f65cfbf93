"""Stage the files of a drop, as kindly as the import was told to be."""

from collections.abc import Collection

from rollbook.intake.format import Run
from rollbook.intake.layout import Layout
from rollbook.intake.members import Member
from rollbook.intake.retry import note_retried
from rollbook.intake.stage import Reading, Rename, Staged, stage_nothing, stage_source


def stage_file(
    run: Run, layout: Layout, member: Member, *, rename: Rename = list, may_lack: Collection[str] = ()
) -> Staged:
    """COPY a file of the drop into ``layout``'s staging table; the receipt will list it.

    ``rename`` turns the header's names into the layout's (it may raise, or note liberties); ``may_lack`` are
    columns of the layout that the file need not have.
    Raises: the errors of ``rollbook.intake.errors``, each naming the file and the line.
    """
    run.report.step(f"Reading {member.name}", member.size_bytes)
    reading = Reading(member.name, rename, may_lack, run.is_lenient, run.is_retry, run.liberties)
    with member.open(run.report.advance) as source:
        staged = stage_source(run.db, layout, source, run.rejects, reading)
    run.staged.append(staged)
    if run.is_retry:
        note_retried(run.db, layout, staged)
    return staged


def stage_absent(run: Run, layout: Layout) -> None:
    """Make the staging table of a file that is not in the drop, empty."""
    stage_nothing(run.db, layout)
