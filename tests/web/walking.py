"""Every route that answers GET, with the cast's ids in it; and who of the cast an answer names."""

from dataclasses import dataclass
from uuid import UUID

from fastapi.routing import APIRoute
from sqlalchemy import Connection, text

from rollbook.app.application import ROUTERS
from web import cast as the_cast

KINDS = ("csv", "json")
NEEDED = {"/api/v1/calendar": "?school_id={school_id}", "/lesson-plans/new": "?section={section_id}"}
COURSE = text("SELECT course_id FROM courses WHERE course_code = 'ALG1'")
# What is shown to anybody, or of no student.
OPEN = {
    "/sign-in",
    "/sign-in/code",
    "/sign-in/with/{tenant}/{name}",
    "/sign-in/with/{tenant}/{name}/back",
    "/health",
    "/ready",
    "/metrics",
    "/",
    "/api/v1/openapi.json",
}


@dataclass(frozen=True)
class Named:
    """A student of the cast, by all that names them."""

    student_id: UUID
    number: str
    names: tuple[str, ...]

    def is_in(self, shown: str) -> bool:
        return any(name in shown for name in (str(self.student_id), *self.names))


def students(log: Connection) -> list[Named]:
    rows = log.execute(text("SELECT student_id, student_number, first_name, last_name FROM students")).all()
    return [
        Named(
            row.student_id,
            row.student_number,
            (f"{row.first_name} {row.last_name}", f"{row.last_name}, {row.first_name}"),
        )
        for row in rows
    ]


def addresses(world: the_cast.World, log: Connection) -> list[str]:
    """Return an address of every route that answers GET, with the cast's ids in it."""
    facts = {
        "student_id": world.ada,
        "school_id": world.oak,
        "section_id": world.algebra,
        "lesson_plan_id": world.lesson,
        "course_id": log.execute(COURSE).scalar_one(),
    }
    found = []
    for route in (route for router in ROUTERS for route in router.routes):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()) or route.path in OPEN:
            continue
        kinds = KINDS if "{kind}" in route.path else ("",)
        form = route.path + NEEDED.get(route.path, "")
        found += [form.format_map(facts | {"kind": kind}) for kind in kinds]
    return sorted(found)
