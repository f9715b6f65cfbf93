"""What an import found, as a page that is a file."""

from pathlib import Path

from rollbook.core.clock import now
from rollbook.intake.outcome import Outcome
from rollbook.ui.document import document


def write_page(outcome: Outcome, path: Path) -> None:
    """Write the page of an outcome to ``path``."""
    path.write_text(page(outcome), encoding="utf-8")


def page(outcome: Outcome) -> str:
    """Return an outcome as an HTML page; whatever came with the files is escaped."""
    return document("rollbook.intake", "import.html", outcome=outcome, question=_answer(outcome), at=now())


def _answer(outcome: Outcome) -> str:
    """Answer, in one sentence, what the page is asked."""
    writes = sum(one.new + one.changed + one.leaving for one in outcome.tables)
    if outcome.is_refused:
        return "This drop is refused: nothing was written."
    if outcome.is_dry_run:
        return f"This drop would write {writes:,} rows."
    return f"This drop wrote {outcome.written:,} rows."
