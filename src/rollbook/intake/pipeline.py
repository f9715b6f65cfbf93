"""The way every import goes: open, stage, check, type, diff, guard, quarantine, merge, receipt.

It is one transaction. Beside it stand short ones: the receipt is written before the first file is read and
shows for ever what became of the import; months that are missing are made before the merge. What is refused
leaves its rejects and a receipt, and no row in a room's table.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from rollbook.core.archived import archived_month
from rollbook.core.clock import now
from rollbook.core.database import engine_for
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, find_tenant, look_through
from rollbook.intake.archive import Archive, open_archive
from rollbook.intake.diff import TableDiff, diff
from rollbook.intake.erased import refuse_erased
from rollbook.intake.format import Format, Run
from rollbook.intake.guard import Objection, objections, policy_of_settings
from rollbook.intake.liberties import Liberties
from rollbook.intake.members import GIGABYTE, Limits
from rollbook.intake.merge import end_rows, merge_rows, months_in, name_import
from rollbook.intake.models import ImportState
from rollbook.intake.months import analyze, ensure_each_month
from rollbook.intake.outcome import FileSummary, Outcome, add_up
from rollbook.intake.quarantine import SQL, find_causes, keep_rejects, make_table
from rollbook.intake.receipts import fail, finish, open_receipt
from rollbook.intake.refusals import (
    DropUntypable,
    ImportRunning,
    MergeCollides,
    TenantIsSynthetic,
    TextTooLong,
    refusal_of,
)
from rollbook.intake.retry import check_retried
from rollbook.intake.sealing import seal_rows
from rollbook.intake.stage import Staged
from rollbook.intake.target import Stamp, Target, Written

Found = Sequence[tuple[Target, TableDiff]]
# What PostgreSQL calls program_limit_exceeded: an entry of an index has at most some 2,700 bytes.
_TOO_LONG_FOR_AN_INDEX: Final = "54000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an import is to do: where the drop goes, who brings it, how kindly it is read, how far it may go.

    ``new_tenant``: the tenant is made if it is not there. ``is_synthetic``: the data are made up; needed for
    a tenant that is marked so, and a new one will be. ``retry_of``: the import whose fixed rejects these are.
    ``file_name``: what a drop that is a single file is to be called, if not as it is.
    """

    tenant: str
    source: str
    who: str
    is_lenient: bool = False
    max_rejects: int = 0
    accept_shrink: Collection[str] = frozenset()
    is_dry_run: bool = False
    waits: bool = True
    new_tenant: bool = False
    is_synthetic: bool = False
    retry_of: int | None = None
    file_name: str | None = None


def run_import(url: str, path: Path, form: Format, request: Request, report: Report | None = None) -> Outcome:
    """Import the drop at ``path`` as ``request`` says, or, in a dry run, only say what would be done.

    Raises: ``ImportRefused`` with the outcome, for too many rejects or too many rows that leave;
        ``ErasedReturns``; ``ImportRunning``; ``MergeCollides``; ``TenantNotFound``; what ``form`` and
        ``open_archive`` raise.
    """
    engine = engine_for(url, statement_timeout_s=0)
    liberties = Liberties()
    limits = Limits(most_bytes=int(settings().import_most_gb * GIGABYTE))
    with open_archive(
        path, liberties, is_lenient=request.is_lenient, limits=limits, name=request.file_name
    ) as archive:
        return _Import(engine, archive, form, request, report or Silent()).run()


@dataclass(slots=True)
class _Import:
    engine: Engine
    archive: Archive
    format: Format
    request: Request
    report: Report
    tenant_id: int | None = None
    import_id: int | None = None

    def run(self) -> Outcome:
        """Do it in one transaction; whatever happens, the receipt says so."""
        try:
            outcome = self._run()
        except RollbookError as error:
            self._fail(ImportState.REFUSED, str(error))
            raise
        except BaseException as error:
            self._fail(ImportState.FAILED, _told(error))
            raise
        refusal = None if self.request.is_dry_run else refusal_of(outcome)
        if refusal:
            raise refusal
        self._analyze(outcome)
        return outcome

    def _run(self) -> Outcome:
        with Session(self.engine) as db, db.begin() as transaction:
            outcome = self._work(self._begin(db))
            if self.request.is_dry_run:
                transaction.rollback()
        return outcome

    def _begin(self, db: Session) -> Run:
        """Take the turn, enter the tenant, write the receipt, and make ready for large sets."""
        self._take_turn(db)
        tenant = self._enter_tenant(db)
        look_through(db, Visibility(tenant.tenant_id))
        self.tenant_id = tenant.tenant_id
        if not self.request.is_dry_run:
            self.import_id = open_receipt(self.engine, db, tenant.tenant_id, **self._facts())
        db.execute(SQL["plan_for_sets"])
        db.execute(SQL["use_time_zone"], {"time_zone": tenant.time_zone})
        db.execute(SQL["make_retried"])
        return self._new_run(db, tenant)

    def _new_run(self, db: Session, tenant: Tenant) -> Run:
        request = self.request
        run = Run(
            db,
            tenant,
            request.source,
            self.archive,
            self.report,
            now(),
            request.is_lenient,
            is_retry=request.retry_of is not None,
            liberties=self.archive.liberties,
        )
        make_table(db, run.rejects)
        return run

    def _work(self, run: Run) -> Outcome:
        """Find out what the drop says; unless that is refused or a dry run, write it."""
        self.format.stage(run)
        if self.request.retry_of is not None:
            check_retried(run.db, self.request.retry_of)
        self.report.step("Checking")
        self.format.check(run)
        self.archive.check_unchanged()
        outcome = self._outcome(run)
        found: Found = ()
        if self.request.is_dry_run or not outcome.is_refused:
            found = self._compare(run)
            outcome = replace(outcome, tables=[one for _, one in found], objections=self._object(found))
        if self.import_id is None:
            return outcome
        return self._keep(run, outcome, found, self.import_id)

    def _outcome(self, run: Run) -> Outcome:
        return Outcome(
            tenant=run.tenant.slug,
            format=self.format.name,
            source=run.source,
            import_id=self.import_id,
            is_dry_run=self.request.is_dry_run,
            files=[_summary(staged, run) for staged in run.staged],
            rejected=run.rejects.total,
            max_rejects=self.request.max_rejects,
            rejects=run.rejects.shown,
            causes=find_causes(run.db),
            liberties=run.liberties.listed,
        )

    def _compare(self, run: Run) -> Found:
        self.report.step("Comparing")
        with _without_values():
            self.format.type_rows(run)
        targets = self.format.targets(run)
        for target in targets:
            if target.name == "students":
                refuse_erased(run.db, run.tenant.tenant_id, target.rows, "student_number")
            seal_rows(run.db, target, run.tenant.tenant_id)
        return [(target, diff(run.db, target, run.tenant.tenant_id)) for target in targets]

    def _object(self, found: Found) -> Sequence[Objection]:
        return objections((one for _, one in found), policy_of_settings(), self.request.accept_shrink)

    def _keep(self, run: Run, outcome: Outcome, found: Found, import_id: int) -> Outcome:
        """Quarantine the rejects, merge unless that is refused, and finish the receipt."""
        keep_rejects(run.db, run.tenant.tenant_id, import_id)
        refusal = refusal_of(outcome)
        if refusal is None:
            written = self._merge(run, found, Stamp(run.tenant.tenant_id, import_id))
            outcome = replace(outcome, counts=add_up([one for _, one in found], written))
            run.db.execute(SQL["forget_retried"])
        finish(run.db, run.tenant.tenant_id, outcome, reason=str(refusal) if refusal else None)
        return outcome

    def _merge(self, run: Run, found: Found, stamp: Stamp) -> Sequence[Written]:
        """End what leaves, children first, then write what is new or changed, parents first."""
        self._make_months(run.db, found)
        name_import(run.db, stamp.import_id)
        self.report.step("Writing", len(found))
        with _without_values():
            ended = [end_rows(run.db, target, stamp, one) for target, one in reversed(found)]
            return [
                self._write(run.db, target, stamp, one) + gone
                for (target, one), gone in zip(found, reversed(ended), strict=True)
            ]

    def _write(self, db: Session, target: Target, stamp: Stamp, found: TableDiff) -> Written:
        merge = target.merge or merge_rows
        written = merge(db, target, stamp, found)
        self.report.advance()
        return written

    def _make_months(self, db: Session, found: Found) -> None:
        for target, one in found:
            if one.new and target.merge is None:
                ensure_each_month(self.engine, target.name, months_in(db, target))

    def _take_turn(self, db: Session) -> None:
        """Wait until no other import works on this tenant, or refuse to."""
        slug = {"slug": self.request.tenant}
        if db.scalar(SQL["try_lock_tenant"], slug):
            return
        if not self.request.waits:
            raise ImportRunning(tenant=self.request.tenant)
        self.report.step("Waiting for another import into this tenant")
        db.execute(SQL["lock_tenant"], slug)

    def _enter_tenant(self, db: Session) -> Tenant:
        """Return the tenant; a new one is kept even if the import is refused, unless this is a dry run."""
        slug = self.request.tenant
        if self.request.new_tenant and self.request.is_dry_run:
            ensure_tenant(db, slug, name=slug, is_synthetic=self.request.is_synthetic)
        elif self.request.new_tenant:
            with Session(self.engine) as own, own.begin():
                ensure_tenant(own, slug, name=slug, is_synthetic=self.request.is_synthetic)
        tenant = find_tenant(db, slug)
        if tenant.is_synthetic and not self.request.is_synthetic:
            raise TenantIsSynthetic(tenant=slug)
        return tenant

    def _facts(self) -> dict[str, object]:
        return {
            "format": self.format.key,
            "format_key": self.format.key,
            "options": self.format.options,
            "source": self.request.source,
            "who": self.request.who,
            "file_name": self.archive.path.name,
            "sha256": self.archive.digest(),
            "accepted": sorted(self.request.accept_shrink),
            "retry_of": self.request.retry_of,
        }

    def _fail(self, state: ImportState, why: str) -> None:
        if self.tenant_id is not None and self.import_id is not None:
            # a database that is gone cannot be told: the receipt will be shown as lost
            with suppress(OperationalError):
                fail(self.engine, self.tenant_id, self.import_id, state, why)

    def _analyze(self, outcome: Outcome) -> None:
        if outcome.written:
            self.report.step("Updating statistics")
            analyze(self.engine, [table for table, counts in outcome.counts.items() if counts.is_written])


def _told(error: BaseException) -> str:
    """Name the kind of a failure: its text may hold a pupil's data."""
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    return type(getattr(error, "orig", None) or error).__name__


@contextmanager
def _without_values() -> Iterator[None]:
    """Turn what PostgreSQL says of a row that it does not take into what may be told: it quotes values."""
    try:
        yield
    except IntegrityError as error:
        raise archived_month(error) or _collision(error) from None
    except DataError as error:
        raise DropUntypable(code=getattr(error.orig, "sqlstate", None)) from None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _TOO_LONG_FOR_AN_INDEX:
            raise TextTooLong from None
        raise archived_month(error) or error from None


def _collision(error: IntegrityError) -> MergeCollides:
    said = getattr(error.orig, "diag", None)
    column = getattr(said, "column_name", None)
    rule = getattr(said, "constraint_name", None) or f"{column} has no value"
    return MergeCollides(table=getattr(said, "table_name", None), rule=rule)


def _summary(staged: Staged, run: Run) -> FileSummary:
    rejected = run.rejects.counts[staged.file]
    columns = list(staged.columns.items())
    return FileSummary(
        staged.file, staged.rows_read, rejected, staged.ignored_columns, columns, staged.sha256
    )
