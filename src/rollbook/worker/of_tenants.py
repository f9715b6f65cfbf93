"""Jobs that are done for each tenant, in a transaction of its own: one that fails stops no other."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from rollbook.core import clock
from rollbook.core.errors import RollbookError
from rollbook.ops.runs import Noted
from rollbook.ops.work import Work, list_tenants, work_in
from rollbook.worker.errors import TenantsFailed

LOG = logging.getLogger("rollbook.worker")


def seal(run: Noted) -> None:
    """Seal the logs of each tenant; the newest seal's hash goes into the log, which lies elsewhere."""
    from rollbook.audit import sealing  # noqa: PLC0415 -- each job loads its room alone

    def one(work: Work) -> str | None:
        sealed = sealing.seal(work.db, work.tenant.tenant_id)
        return sealed[-1].hash if sealed else None

    run.facts["hashes"] = _each(one)


def check_seals(run: Noted) -> None:
    """Compare the logs of each tenant with their seals."""
    from rollbook.audit import sealing  # noqa: PLC0415 -- as above

    def one(work: Work) -> int:
        return len(sealing.verify(work.db, work.tenant.tenant_id).findings)

    run.facts["findings"] = _each(one)
    run.has_findings = any(run.facts["findings"].values())


def refresh_attendance(run: Noted) -> None:
    """Count the weeks anew that changed."""
    from rollbook.attendance.refreshing import refresh_weeks  # noqa: PLC0415 -- as above

    run.facts["weeks"] = _each(lambda work: refresh_weeks(work.db, work.tenant))


def forget_rejects(run: Noted) -> None:
    """Forget the rejected rows that nobody fixed in time."""
    from rollbook.intake.quarantine import forget_old_rejects  # noqa: PLC0415 -- as above

    run.facts["rows"] = _each(lambda work: forget_old_rejects(work.db))


def score(run: Noted) -> None:
    """Score the students of each tenant that has a trained model, by what was known yesterday."""
    from rollbook.risk import service  # noqa: PLC0415 -- numpy
    from rollbook.risk.errors import ModelNotTrained  # noqa: PLC0415 -- as above

    def one(work: Work) -> int | None:
        as_of = clock.today_in(work.tenant.time_zone) - timedelta(days=1)
        try:
            return service.score(work.db, work.tenant, as_of).written
        except ModelNotTrained:
            return None

    run.facts["rows"] = _each(one)


def remove_past(run: Noted) -> None:
    """Remove what is past its rule of retention, then what of it is in the archive."""
    from rollbook.privacy.archiving import forget_past, keeping_here  # noqa: PLC0415 -- loads every room
    from rollbook.privacy.retention import remove_past as remove  # noqa: PLC0415 -- likewise

    run.facts["rows"] = _each(lambda work: sum(remove(work.db, work.tenant).rows.values()), as_owner=True)
    where = keeping_here()
    run.facts["archived"] = {
        tenant.slug: sum(one.rows for one in forget_past(where, tenant)) for tenant in list_tenants()
    }


def _each(do: Callable[[Work], Any], *, as_owner: bool = False) -> dict[str, Any]:
    """Do it for each tenant; return by slug what came of it.

    Raises: ``TenantsFailed`` after all were tried.
    """
    done, failed, tenants = {}, {}, list_tenants()
    for tenant in tenants:
        try:
            with work_in(tenant.slug, as_owner=as_owner) as work:
                done[tenant.slug] = do(work)
        except (RollbookError, SQLAlchemyError) as error:
            failed[tenant.slug] = str(error) if isinstance(error, RollbookError) else type(error).__name__
            LOG.error("tenant %s: %s", tenant.slug, failed[tenant.slug])  # noqa: TRY400 -- a traceback may quote rows
    if failed:
        slug, error_said = next(iter(failed.items()))
        raise TenantsFailed(
            count=len(failed), all_tenants=len(tenants), first_slug=slug, first_error=error_said
        )
    return done
