"""What a format of files has to know (OneRoster, a CSV with a mapping), so that the pipeline can import it.

The pipeline calls ``stage``, ``check``, ``type_rows`` and ``targets``, in this order and once each, in one
transaction that sees the whole tenant. Up to then a format writes nothing but temporary tables; what happens
to the rooms' tables is the pipeline's work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from rollbook.core.errors import Unavailable
from rollbook.core.progress import Report
from rollbook.core.schema import Json
from rollbook.core.tenancy import Tenant
from rollbook.intake.archive import Archive
from rollbook.intake.liberties import Liberties
from rollbook.intake.rejects import Rejects
from rollbook.intake.stage import Staged
from rollbook.intake.target import Target


@dataclass(slots=True)
class Run:
    """One import at work: what a format is given, and where it tells what it found."""

    db: Session
    tenant: Tenant
    source: str
    """Which system the drop is from: source ids are unique within it (``source_records.source``)."""
    archive: Archive
    report: Report
    now: datetime
    """The import's instant: the latest that a row's known_at may be."""
    is_lenient: bool = False
    is_retry: bool = False
    """Whether these are fixed rejects of an earlier import: every file is a delta, and refers to what is in
    the database."""
    rejects: Rejects = field(default_factory=Rejects)
    liberties: Liberties = field(default_factory=Liberties)
    staged: list[Staged] = field(default_factory=list)
    """Filled by ``stage_file``; the receipt lists them."""


class Format(Protocol):
    """A format of files.

    Its methods raise typed errors for what is wrong with the drop as a whole, and reject, with
    ``rollbook.intake.checks``, the lines that are wrong by themselves.
    """

    @property
    def name(self) -> str:
        """What the receipt calls it: ``oneroster 1.2``, ``csv attendance``. Read after ``stage``."""

    @property
    def key(self) -> str:
        """What it is registered under, for a retry of its rejects: see ``register``."""

    @property
    def options(self) -> Json:
        """What a retry needs to build it again, such as a mapping of columns. Kept in the receipt; no PII."""

    def stage(self, run: Run) -> None:
        """Stage the archive's files with ``stage_file``; see that none is missing and none too many."""

    def check(self, run: Run) -> None:
        """Reject what is wrong: forms, enumerations, ranges, references, duplicates.

        References lead into the drop or into the database; rows that refer to a reject are rejected as well.
        Use ``check``, ``check_reference``, ``reject_where`` and ``reject_lines`` of
        ``rollbook.intake.checks``: a rejected line leaves the staging table, and is kept for the quarantine.
        """

    def type_rows(self, run: Run) -> None:
        """Make the temporary tables of typed rows: ``CREATE TEMP TABLE incoming_... ON COMMIT DROP AS ...``.

        Ids are resolved: that of an entity known by its source id or its number, else a new ``uuidv7()``.
        """

    def targets(self, run: Run) -> Sequence[Target]:
        """Name the tables to write, parents before those that refer to them."""


class FormatUnknown(Unavailable):
    """Imports of the format {key} cannot be retried: this Rollbook does not know it. Import the file anew."""


Rebuild = Callable[[Mapping[str, Any]], Format]
_FORMATS: dict[str, Rebuild] = {}


def register(key: str, rebuild: Rebuild) -> None:
    """Let `rollbook import rejects --retry` build the format again from the ``options`` of a receipt."""
    _FORMATS[key] = rebuild


def rebuild_format(key: str, options: Mapping[str, Any]) -> Format:
    """Build a format again as the receipt describes it.

    Raises: ``FormatUnknown``.
    """
    if key not in _FORMATS:
        raise FormatUnknown(key=key)
    return _FORMATS[key](options)
