"""Import the Open University Learning Analytics Dataset: one transaction, again without effect.

Files are staged and checked first; only then is one of Rollbook's tables touched. What the source says later
(a withdrawal, a corrected score) becomes a new version of the row. Rows that a drop does not mention stay.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from rollbook.core.clock import now
from rollbook.core.database import engine_for
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, TenantSlugInvalid, Visibility, ensure_tenant, look_through
from rollbook.exchange.oulad_layouts import (
    REGISTERED,
    REQUIRED,
    STUDENT_ASSESSMENT,
    STUDENT_INFO,
    STUDENT_VLE,
)
from rollbook.exchange.oulad_merge import TableSummary, make_keys, merge_drop
from rollbook.intake.archive import digest_of
from rollbook.intake.checks import check, check_reference
from rollbook.intake.erased import refuse_erased
from rollbook.intake.files import find_file, need_file
from rollbook.intake.layout import Layout
from rollbook.intake.models import Import, ImportState
from rollbook.intake.months import analyze, ensure_months
from rollbook.intake.outcome import TableCounts
from rollbook.intake.rejects import SHOWN, Reject, Rejects
from rollbook.intake.stage import Staged, stage, stage_nothing
from rollbook.intake.target import Stamp

SQL: Final = named_sql("rollbook.exchange", "oulad.sql")
SLUG: Final = "oulad"
NAME: Final = "Open University (OULAD)"
Drop = Sequence[tuple[Layout, Path | None]]

TYPING: Final = ("type_enrollments", "type_students", "type_assignments", "type_grades")
_MOST_EVENTS: Final = 2**31 - 1


class DropMissing(NotFound):
    """There is no directory {directory}."""


class ImportRefused(Invalid):
    """{first}{more}. Nothing was imported."""

    def __init__(self, rejects: Rejects) -> None:
        """Name the first reject in the sentence, the first few in the details."""
        more = rejects.total - 1
        super().__init__(
            first=rejects.shown[0],
            more=f" (and {more:,} more rejected {'row' if more == 1 else 'rows'})" if more else "",
            rejected=rejects.total,
            rejects=[asdict(reject) for reject in rejects.shown],
        )
        self.rejects = rejects


class ClicksOverflow(Invalid):
    """studentVle.csv: the clicks of one student on one day add up to {most}, more than can be stored."""


class TenantIsSynthetic(Conflict):
    """The tenant '{slug}' is marked synthetic; real students go into one of their own: see --tenant."""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What came of a file: rows read, those of them that were rejected, columns that nobody asked for."""

    file: str
    rows_read: int
    rejected: int
    ignored_columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did: rows ``written`` in all; ``rejects`` are the first of the ``rejected`` ones."""

    tenant: str
    written: int
    files: Sequence[FileSummary]
    tables: Sequence[TableSummary]
    rejected: int
    rejects: Sequence[Reject]


def import_oulad(  # noqa: PLR0913 -- an option each
    url: str,
    directory: Path,
    *,
    tenant_slug: str = SLUG,
    max_rejects: int = 0,
    who: str = "unknown",
    report: Report | None = None,
) -> ImportSummary:
    """Import the files in ``directory`` into the tenant, which is made if it is new; ``who`` brings them.

    Up to ``max_rejects`` faulty lines are left out; one more and nothing is imported.
    Raises: ``ImportRefused``; ``DropMissing``; the errors of ``rollbook.intake.errors``; others above.
    """
    drop = find_drop(directory)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", tenant_slug):
        raise TenantSlugInvalid(slug=tenant_slug)
    engine = engine_for(url, statement_timeout_s=0)
    work = _Import(engine, directory, tenant_slug, who, max_rejects, report or Silent())
    with Session(engine) as db, db.begin():
        summary = work.run(db, drop)
    if summary.written:
        work.analyze([table.table for table in summary.tables if table.inserted + table.updated])
    return summary


def find_drop(directory: Path) -> Drop:
    """Find the published files; the clicks may be absent, which means that they are not known.

    Raises: ``DropMissing``; ``FileMissing``.
    """
    if not directory.is_dir():
        raise DropMissing(directory=directory)
    required = [(layout, need_file(directory, layout.file)) for layout in REQUIRED]
    return [*required, (STUDENT_VLE, find_file(directory, STUDENT_VLE.file))]


def make_tables(db: Session) -> None:
    """Make every temporary table of an import, empty: for tests of its queries."""
    for layout in (*REQUIRED, STUDENT_VLE):
        stage_nothing(db, layout)
    for query in ("type_sections", "type_events", *TYPING):
        db.execute(SQL[query])
    make_keys(db)


@dataclass(frozen=True, slots=True)
class _Import:
    engine: Engine
    directory: Path
    slug: str
    who: str
    max_rejects: int
    report: Report

    def run(self, db: Session, drop: Drop) -> ImportSummary:
        """Do it all in ``db``'s transaction; only the months' partitions are made in one of their own."""
        rejects = Rejects()
        self._take_turn(db)
        staged = self._stage(db, drop, rejects)
        self._check(db, rejects)
        if rejects.total > self.max_rejects:
            raise ImportRefused(rejects)
        span = self._add_up_clicks(db)
        if span:
            ensure_months(self.engine, "analytics_events", *span)
        tenant = self._enter_tenant(db)
        refuse_erased(db, tenant.tenant_id, STUDENT_INFO.table, "id_student")
        for query in TYPING:
            db.execute(SQL[query])
        files = [FileSummary(s.file, s.rows_read, rejects.counts[s.file], s.ignored_columns) for s in staged]
        receipt = self._open_receipt(db, tenant, staged)
        tables = merge_drop(db, Stamp(tenant.tenant_id, receipt.import_id), span, self.report)
        written = sum(table.inserted + table.updated for table in tables)
        _close_receipt(receipt, tables, files)
        return ImportSummary(self.slug, written, files, tables, rejects.total, rejects.shown)

    def _take_turn(self, db: Session) -> None:
        """Wait until no other import works on this tenant."""
        if not db.scalar(SQL["try_lock_import"], {"slug": self.slug}):
            self.report.step("Waiting for another import into this tenant")
            db.execute(SQL["lock_import"], {"slug": self.slug})

    def _stage(self, db: Session, drop: Drop, rejects: Rejects) -> list[Staged]:
        db.execute(SQL["plan_for_sets"])
        for layout, path in drop:
            if path is None:
                stage_nothing(db, layout)
        return [stage(db, layout, path, rejects, self.report) for layout, path in drop if path]

    def _check(self, db: Session, rejects: Rejects) -> None:
        """Check each file, then what only two files together can say."""
        layouts = (*REQUIRED, STUDENT_VLE)
        self.report.step("Checking", len(layouts))
        for layout in layouts:
            check(db, layout, rejects)
            if layout is REGISTERED.to:
                check_reference(db, STUDENT_INFO, REGISTERED, rejects)
            if layout is STUDENT_ASSESSMENT:
                _check_submitters(db, rejects)
            self.report.advance()

    def _add_up_clicks(self, db: Session) -> tuple[date, date] | None:
        """Add up the clicks of each day; return the first and the last day that has any."""
        self.report.step("Adding up clicks")
        for query in ("type_sections", "type_events", "index_events"):
            db.execute(SQL[query])
        since, until, most = db.execute(SQL["span_of_events"]).one()
        if since is None:
            return None
        if most > _MOST_EVENTS:
            raise ClicksOverflow(most=most)
        return since, until

    def _enter_tenant(self, db: Session) -> Tenant:
        name = NAME if self.slug == SLUG else self.slug
        tenant = ensure_tenant(db, self.slug, name=name, risk_target="course")
        if tenant.is_synthetic:
            raise TenantIsSynthetic(slug=self.slug)
        look_through(db, Visibility(tenant.tenant_id))
        db.execute(SQL["use_time_zone"], {"time_zone": tenant.time_zone})
        return tenant

    def _open_receipt(self, db: Session, tenant: Tenant, staged: Sequence[Staged]) -> Import:
        """Write the receipt in the import's own transaction: what is refused leaves nothing at all."""
        receipt = Import(
            tenant_id=tenant.tenant_id,
            format="OULAD",
            format_key="oulad",
            source="oulad",
            who=self.who,
            file_name=self.directory.name,
            sha256=digest_of((one.file, one.sha256) for one in staged),
        )
        db.add(receipt)
        db.flush()
        return receipt

    def analyze(self, tables: Sequence[str]) -> None:
        self.report.step("Updating statistics", len(tables))
        for table in tables:
            analyze(self.engine, [table])
            self.report.advance()


def _close_receipt(receipt: Import, tables: Sequence[TableSummary], files: Sequence[FileSummary]) -> None:
    receipt.state, receipt.finished_at = ImportState.DONE, now()
    receipt.files = [asdict(file) for file in files]
    receipt.rejected = sum(file.rejected for file in files)
    counts = {
        table.table: TableCounts(new=table.inserted, changed=table.updated, unchanged=table.unchanged)
        for table in tables
    }
    receipt.counts = {table: asdict(one) for table, one in counts.items()}


def _check_submitters(db: Session, rejects: Rejects) -> None:
    rows = db.execute(SQL["submissions_of_strangers"], {"shown": SHOWN}).all()
    file, reason = STUDENT_ASSESSMENT.file, "is not registered in the assessment's presentation"
    found = [Reject(file, row.line, "id_student", reason) for row in rows]
    rejects.add(file, found, count=rows[0].total if rows else 0)
