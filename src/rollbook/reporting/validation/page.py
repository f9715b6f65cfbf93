"""An audit, as a page that is a file."""

from pathlib import Path

from rollbook.reporting.validation.audit import Audit
from rollbook.ui.document import document


def write_page(audit: Audit, path: Path) -> None:
    """Write the page of an audit to ``path``."""
    path.write_text(page(audit), encoding="utf-8")


def page(audit: Audit) -> str:
    """Return an audit as an HTML page; whatever came from the records is escaped."""
    return document("rollbook.reporting.validation", "audit.html", audit=audit)
