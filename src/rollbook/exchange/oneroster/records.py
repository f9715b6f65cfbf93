"""Source records: what a bundle calls each record, what is left over of it, and all of what no room keeps."""

from typing import Final

from sqlalchemy import text

from rollbook.core.sql import named_sql
from rollbook.exchange.oneroster.shapes import SOURCED_ID, Table
from rollbook.exchange.oneroster.staging import Bundle
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.format import Run

SQL: Final = {
    **named_sql("rollbook.exchange.oneroster", "records.sql"),
    **named_sql("rollbook.exchange.oneroster", "records_of_rows.sql"),
}
KEPT_IN_ROOMS: Final = (
    *("schools", "sessions", "courses", "sections", "users", "demographics", "stays", "staff_assignments"),
    *("enrollments", "section_staff", "categories", "assignments", "grades", "scales"),
)
_SECRET: Final = "password"  # noqa: S105 -- the column's name; what it holds is never kept
# Relations that a room's table keeps: they need a record only for facts that are left over.
_KEPT: Final = {
    "roles": ("incoming_student_school_enrollments", "incoming_staff_assignments"),
    "enrollments": ("incoming_course_enrollments", "incoming_section_staff"),
    "results": ("incoming_grades",),
    "demographics": (),
}


def gather_records(run: Run, bundle: Bundle) -> None:
    """Make and fill incoming_source_records."""
    connection = run.db.connection()
    connection.execute(SQL["make_incoming_source_records"])
    for name in KEPT_IN_ROOMS:
        connection.execute(SQL[f"record_{name}"])
    connection.execute(text(_second_accounts()))
    for name in bundle.modes:
        if not connection.scalar(text(_is_kept(TABLES[name]))):
            connection.execute(text(_whole(TABLES[name])))
        connection.execute(text(_gone(TABLES[name])))


def whole_facts(table: Table, alias: str) -> str:
    """Return the SQL of all that a staged row says, passwords excepted."""
    names = [cell.name for cell in table.cells if cell.name != _SECRET]
    pairs = ", ".join(f"'{name}', {alias}.\"{name}\"" for name in names)
    return f"jsonb_strip_nulls(jsonb_build_object({pairs})) || coalesce({alias}.extension, '{{}}')"


def _into(record_type: str, alias: str, facts: str, entity: str) -> str:
    modified = f'{alias}."dateLastModified"::timestamptz'
    return (
        "INSERT INTO incoming_source_records"  # noqa: S608 -- names of ours
        " (source, record_type, source_id, entity_type, entity_id, facts, known_at)"
        f" SELECT (SELECT source FROM oneroster_run), '{record_type}', {alias}.\"{SOURCED_ID}\","
        f" {entity}, {facts}, {modified}"
    )


def _second_accounts() -> str:
    """Keep all that a user says who is another account of somebody."""
    users = TABLES["users"]
    return (
        _into("users", "member", whole_facts(users, "member"), "who.kind, who.entity_id")
        + f" FROM oneroster_users AS who JOIN {users.stage} AS member"
        f' ON who.source_id = member."{SOURCED_ID}"'
        " WHERE who.is_first AND NOT who.is_main"
    )


def _is_kept(table: Table) -> str:
    """Ask whether rooms keep each of a file's rows: then none has to be looked for."""
    kept = [f"(SELECT count(source_id) FROM {rows})" for rows in _KEPT.get(table.name, ())]  # noqa: S608 -- names of ours
    return f"SELECT (SELECT count(*) FROM {table.stage}) = {' + '.join(kept) or '-1'}"  # noqa: S608 -- names of ours


def _whole(table: Table) -> str:
    """Keep all that a row says which no room keeps."""
    kept = [f"SELECT source_id FROM {rows}" for rows in _KEPT.get(table.name, ())]  # noqa: S608 -- names of ours
    if table.name == "demographics":
        kept = ["SELECT source_id FROM oneroster_members WHERE kind = 'students' AND is_main"]
    recorded = f"SELECT source_id FROM incoming_source_records WHERE record_type = '{table.name}'"  # noqa: S608 -- names of ours
    known = " UNION ALL ".join([recorded, *kept])
    return (
        _into(table.name, "said", whole_facts(table, "said"), "'', NULL::uuid")
        + f" FROM {table.stage} AS said WHERE said.status IS DISTINCT FROM 'tobedeleted'"
        f' AND NOT EXISTS (SELECT FROM ({known}) AS known WHERE known.source_id = said."{SOURCED_ID}")'
    )


def _gone(table: Table) -> str:
    """Say of the records that the bundle does not have, or has as something else, that they are gone."""
    return (
        "INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, is_gone)"  # noqa: S608 -- names of ours
        " SELECT ours.source, ours.record_type, ours.source_id, ours.entity_type, true"
        " FROM source_records AS ours"
        f" JOIN oneroster_files AS file ON file.record_type = '{table.name}'"
        f" WHERE ours.record_type = '{table.name}' AND ours.source = (SELECT source FROM oneroster_run)"
        f' AND (file.is_bulk OR ours.source_id IN (SELECT "{SOURCED_ID}" FROM {table.stage}))'
        " AND NOT EXISTS (SELECT FROM incoming_source_records AS kept"
        " WHERE kept.record_type = ours.record_type AND kept.source_id = ours.source_id"
        " AND kept.entity_type = ours.entity_type)"
    )
