"""Every route of the application, pages and API, with the cast's ids in it: a new one cannot be forgotten."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Connection, NullPool, create_engine, text

from rollbook.app.application import ROUTERS
from web import cast as the_cast

SAFE: Final = frozenset({"GET"})
KINDS: Final = ("csv", "json")
TODAY: Final = "2025-11-25"
# What a route's address must have besides its path.
NEEDED: Final = {
    "/api/v1/calendar": {"school_id": "{school_id}"},
    "/lesson-plans/new": {"section": "{section_id}"},
}
NAMED: Final = {
    "activity_code": "RUN",
    "activity_type": "cardio",
    "test_code": "pacer",
    "tenant": "oak-valley",
    "name": "none-such",  # no provider of sign-ins: those have tests of their own
}
_PART: Final = {"student_id": "{student_id}", "role": "witness", "actions": [{"action_type": "warning"}]}
_STAY: Final = {"school_id": "{school_id}", "entry_on": TODAY}
_PLAN: Final = {"title": "Slope", "section_id": "{section_id}", "planned_on": TODAY}
# What is right in a form's field.
FIELDS: Final = {
    "kind": "json",
    "look": "dark",
    "start": "/students",
    "session_id": "00000000-0000-4000-8000-000000000007",
}
# What is right to send to each route of the API that writes.
BODIES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("POST", "/api/v1/sections/{section_id}/attendance"): {
        "date": TODAY,
        "marks": [{"student_id": "{student_id}", "status": "absent", "reason": "ill"}],
    },
    ("POST", "/api/v1/schools/{school_id}/attendance/submissions"): {"date": TODAY},
    ("POST", "/api/v1/incidents"): {
        "incident_on": TODAY,
        "incident_type": "noise",
        "severity_level": 2,
        "school_id": "{school_id}",
        "location": "hall",
        "description": "loud",
        "participants": [_PART],
    },
    ("POST", "/api/v1/incidents/{incident_id}/participants"): _PART,
    ("POST", "/api/v1/incidents/{incident_id}/participants/{student_id}/actions"): {
        "action_type": "warning",
        "notes": "again",
    },
    ("POST", "/api/v1/lesson-plans"): {**_PLAN, "lesson_plan_code": "SLOPE", "course_id": "{course_id}"},
    ("PATCH", "/api/v1/lesson-plans/{lesson_plan_id}"): {"title": "Slope", "objectives": "see"},
    ("POST", "/api/v1/students"): {
        "student_number": "N-1",
        "first_name": "Noor",
        "last_name": "New",
        "birth_date": "2012-02-29",
        "enrollment": _STAY,
    },
    ("POST", "/api/v1/students/{student_id}/enrollments"): _STAY,
    ("POST", "/api/v1/students/{student_id}/transfers"): _STAY,
    ("PATCH", "/api/v1/enrollments/{enrollment_id}"): {"exit_on": TODAY, "exit_code": "W01"},
    ("POST", "/api/v1/sections/{section_id}/students"): {"student_id": "{student_id}", "enrolled_on": TODAY},
    ("POST", "/api/v1/activities/{activity_code}/performances"): {
        "performances": [{"student_id": "{student_id}", "performed_on": TODAY, "score": 5, "notes": "n"}]
    },
    ("POST", "/api/v1/fitness-tests/{test_code}/results"): {
        "tested_on": TODAY,
        "results": [{"student_id": "{student_id}", "result_value": 31}],
    },
    ("PUT", "/api/v1/students/{student_id}/preferences/{activity_type}"): {
        "preference_level": 3,
        "notes": "likes it",
    },
    ("POST", "/api/v1/students/{student_id}/record"): {"because": "asked for"},
    ("POST", "/api/v1/students/{student_id}/routines"): {
        "routine_code": "WARM",
        "performed_on": TODAY,
        "metrics": {"pulse": 90},
    },
}
_LOOK: Final = text(
    "SELECT set_config('rollbook.tenant_slug', 'oak-valley', true),"
    " set_config('rollbook.tenant', (SELECT tenant_id::text FROM tenants WHERE slug = 'oak-valley'), true),"
    " set_config('rollbook.scope', 'tenant', true)"
)
_KEY_TABLE: Final = text(
    "SELECT pg_class.relname FROM pg_index"
    " JOIN pg_class ON pg_class.oid = indrelid"
    " JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
    " WHERE indisprimary AND attname = :name AND relkind = 'r' AND relname NOT LIKE '%\\_history'"
    " AND relnamespace = 'public'::regnamespace ORDER BY indnatts, relname LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    route: APIRoute

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        """Say whether programs use it."""
        return self.path.startswith("/api/")

    @property
    def writes(self) -> bool:
        """Say whether it is asked to change something."""
        return self.method not in SAFE

    @property
    def query(self) -> tuple[str, ...]:
        """The names that its address may have after the "?"."""
        return tuple(dict.fromkeys(_names(self.route.dependant, "query_params")))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its form's fields, where it says them."""
        return () if self.is_api else tuple(_names(self.route.dependant, "body_params"))

    @property
    def form(self) -> dict[str, str]:
        """What is right to send as its form, but for the token."""
        return {name: FIELDS.get(name, "1") for name in self.fields if name != "form_token"}

    @property
    def takes_ids(self) -> bool:
        """Say whether its address names a record."""
        return "_id}" in self.path

    def address(self, facts: Mapping[str, str]) -> str:
        """Return its path with ``facts`` in it."""
        return self.path.format_map({"kind": KINDS[0], **NAMED, **facts})

    def needed(self, facts: Mapping[str, str]) -> dict[str, str]:
        """Return what its address must have."""
        return {name: form.format_map(facts) for name, form in NEEDED.get(self.path, {}).items()}

    def body(self, facts: Mapping[str, str]) -> Any:  # noqa: ANN401 -- a document of JSON
        """Return what is right to send to it."""
        return filled(BODIES[self.method, self.path], {**NAMED, **facts})


def ways() -> list[Way]:
    """Return every method of every route."""
    routes = [route for router in ROUTERS for route in router.routes]
    return [
        Way(method, route.path, route)
        for route in routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def filled(document: Any, facts: Mapping[str, str]) -> Any:  # noqa: ANN401 -- a document of JSON
    """Return a document with ``facts`` in its texts."""
    if isinstance(document, Mapping):
        return {name: filled(value, facts) for name, value in document.items()}
    if isinstance(document, list):
        return [filled(value, facts) for value in document]
    return document.format_map(facts) if isinstance(document, str) else document


def ids_of(db: Connection, **known: object) -> dict[str, str]:
    """Return an id for each that a path may name: a ``known`` one, else one from its table."""
    names = {name for way in ways() for name in way.route.param_convertors if name.endswith("_id")}
    return {name: str(known[name] if name in known else _any_id(db, name)) for name in sorted(names)}


@contextmanager
def looking(owner_url: str) -> Iterator[Connection]:
    """Look at all of the district as the owner of the tables; what is written stays."""
    with create_engine(owner_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("SELECT set_config('rollbook.tenant_slug', 'oak-valley', true)"))
        connection.execute(_LOOK)
        yield connection


def facts_of(db: Connection, world: the_cast.World) -> dict[str, str]:
    """Return an id of each kind, of what belongs together."""
    course_id = db.scalar(text("SELECT course_id FROM courses WHERE course_code = 'ALG1'"))
    incident_id = db.scalar(text("SELECT min(incident_id::text) FROM discipline_incidents"))
    stay = text("SELECT enrollment_id FROM student_school_enrollments WHERE student_id = :ada")
    return ids_of(
        db,
        student_id=world.ada,
        school_id=world.oak,
        section_id=world.algebra,
        lesson_plan_id=world.lesson,
        course_id=course_id,
        incident_id=incident_id,
        enrollment_id=db.scalar(stay, {"ada": world.ada}),
    )


def _any_id(db: Connection, name: str) -> object:
    table = db.scalar(_KEY_TABLE, {"name": name})
    found = db.scalar(text(f"SELECT {name} FROM {table} ORDER BY {name} LIMIT 1")) if table else None
    return found or "00000000-0000-4000-8000-000000000007"


def _names(dependant: Dependant, kind: str) -> Iterator[str]:
    yield from (param.alias for param in getattr(dependant, kind))
    for inner in dependant.dependencies:
        yield from _names(inner, kind)
