"""The application: routers, middleware, static files."""

from asyncio import Semaphore
from functools import partial
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from rollbook import __version__
from rollbook.access import pages as access_pages
from rollbook.accounts import account_pages, factor_pages, oauth, oidc_pages
from rollbook.accounts import pages as accounts_pages
from rollbook.accounts.oidc_directory import Directory
from rollbook.accounts.second_factor import roles_of_two_factors
from rollbook.accounts.throttle import Throttle
from rollbook.activity import api as activity_api
from rollbook.activity import pages as activity_pages
from rollbook.app import health
from rollbook.app.description import describe
from rollbook.app.pool_metrics import AnswersCollector
from rollbook.attendance import api as attendance_api
from rollbook.attendance import pages as attendance_pages
from rollbook.core.database import engine_for
from rollbook.core.replica import replica_at
from rollbook.core.settings import settings
from rollbook.privacy import api as privacy_api
from rollbook.privacy import pages as privacy_pages
from rollbook.reporting import api as reporting_api
from rollbook.reporting import (
    api_conduct,
    api_courses,
    api_grades,
    api_schools,
    pages_audit,
    pages_conduct,
    pages_gradebook,
    pages_operations,
    pages_roster,
    pages_sections,
)
from rollbook.reporting import pages as reporting_pages
from rollbook.reporting.writing import (
    api as writing_api,
)
from rollbook.reporting.writing import (
    api_people,
    pages_activity,
    pages_admission,
    pages_amendments,
    pages_attendance,
    pages_enrollment,
    pages_incidents,
    pages_lessons,
)
from rollbook.risk import api as risk_api
from rollbook.risk import pages as risk_pages
from rollbook.ui import pages as ui_pages
from rollbook.ui import problems
from rollbook.ui.again import Again
from rollbook.ui.guard import Limits, SecurityHeaders
from rollbook.ui.head import Head
from rollbook.ui.observe import Observe
from rollbook.ui.page import STATIC
from rollbook.ui.written import Written

# A password takes 64 MiB and a while of one core to check, on purpose.
SIGN_INS_AT_ONCE: Final = 4
ROUTERS: Final = (
    # those that write come first: "/lesson-plans/new" is no lesson plan's address
    pages_activity.router,
    pages_admission.router,
    pages_amendments.router,
    pages_attendance.router,
    pages_enrollment.router,
    pages_incidents.router,
    pages_lessons.router,
    writing_api.router,
    api_people.router,
    accounts_pages.router,
    oidc_pages.router,
    account_pages.router,
    factor_pages.router,
    oauth.router,
    access_pages.router,
    privacy_pages.router,
    privacy_api.router,
    risk_pages.router,
    risk_api.router,
    activity_pages.router,
    activity_api.router,
    attendance_pages.router,
    attendance_api.router,
    reporting_pages.router,
    pages_audit.router,
    pages_operations.router,
    pages_conduct.router,
    pages_gradebook.router,
    api_conduct.router,
    api_grades.router,
    pages_roster.router,
    pages_sections.router,
    reporting_api.router,
    api_schools.router,
    api_courses.router,
    ui_pages.router,
    health.router,
)


class _KeptFiles(StaticFiles):
    """Files that a browser may keep for good: their address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, to be kept if its address names its content."""
        response = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(url: str, *, replica_url: str | None = None) -> FastAPI:
    """Return the application over the database at ``url``, the app role's; it may read from a replica.

    Raises: ``SecondFactorRolesUnknown``.
    """
    app = FastAPI(
        title="Rollbook",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        # it would name the host that the request names
        redirect_slashes=False,
    )
    roles_of_two_factors()  # a role that there is not would ask nobody
    app.state.engine = engine_for(url)
    app.state.replica = replica_at(replica_url) if replica_url else None
    app.state.throttle = Throttle(app.state.engine)
    app.state.directory = Directory()
    app.state.signing_in = Semaphore(SIGN_INS_AT_ONCE)
    app.state.registry = CollectorRegistry()
    app.state.inner_registry = CollectorRegistry()
    health.register_collectors(
        app.state.registry,
        app.state.inner_registry,
        app.state.engine,
        app.state.replica.engine if app.state.replica else None,
    )
    app.state.registry.register(AnswersCollector(app.state.replica))
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount(STATIC, _KeptFiles(directory=str(files("rollbook.ui").joinpath("static"))), name="static")
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # FastAPI's way to say more
    app.add_api_route("/", _start, include_in_schema=False)
    app.add_middleware(Again)
    if replica_url:
        app.add_middleware(Written, engine=app.state.engine)
    app.add_middleware(Limits, names=settings().web_host_names, patience=settings().request_timeout_s)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Head)
    app.add_middleware(Observe, registry=app.state.registry)
    app.add_middleware(SecurityHeaders)
    return app


def _start() -> RedirectResponse:
    """Begin at the caseload."""
    return RedirectResponse("/caseload", status_code=303)
