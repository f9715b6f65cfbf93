"""The checks that are asked of every table alike, composed from how the tables are declared."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import ForeignKeyConstraint, Table

from rollbook.core.schema import HISTORY_SUFFIX
from rollbook.migrations.registry import metadata
from rollbook.reporting.validation.checks import Check, Severity

# The tables that a source's record may stand for, and the column that names one of them.
ENTITIES: Final = {
    "students": "student_id",
    "staff": "staff_id",
    "guardians": "guardian_id",
    "schools": "school_id",
    "courses": "course_id",
    "sections": "section_id",
    "academic_sessions": "session_id",
    "assignments": "assignment_id",
    "assignment_categories": "category_id",
    "learning_standards": "standard_id",
    "grade_scales": "grade_scale_id",
    "discipline_incidents": "incident_id",
    "activities": "activity_id",
}


def composed_checks() -> Iterator[Check]:
    """Yield the checks of every table."""
    for table in metadata.sorted_tables:
        if "tenant_id" not in table.c or table.name.endswith(HISTORY_SUFFIX):
            continue
        yield from (_reference(table, key) for key in _references(table))
        if "known_at" in table.c:
            yield _known_in_the_future(table)
        if "import_id" in table.c and table.name != "imports":
            yield _unknown_import(table)
        if f"{table.name}{HISTORY_SUFFIX}" in metadata.tables:
            yield _versions_overlap(table)
    yield from map(_source_record, ENTITIES)
    yield _unknown_entities()


def _references(table: Table) -> list[ForeignKeyConstraint]:
    """Return the keys that lead to another table of the tenant, in the order of their columns."""
    keys = [key for key in table.foreign_key_constraints if key.referred_table.name != "tenants"]
    return sorted(keys, key=lambda key: list(key.column_keys))


def _reference(table: Table, key: ForeignKeyConstraint) -> Check:
    columns = [name for name in key.column_keys if name != "tenant_id"]
    pairs = [(element.parent.name, element.column.name) for element in key.elements]
    same = " AND ".join(f"child.{mine} = parent.{theirs}" for mine, theirs in pairs)
    given = " AND ".join(f"child.{name} IS NOT NULL" for name in columns)
    parent = key.referred_table.name
    return Check(
        f"broken_reference:{table.name}.{','.join(columns)}",
        f"Rows of {table.name} whose {' and '.join(columns)} is in no row of {parent}.",
        Severity.ERROR,
        "Bring in what they refer to, or delete them; find out who switched the database's own checks off.",
        f"SELECT {_example(table, 'child')} AS example FROM {table.name} AS child"  # noqa: S608 -- names of ours
        f" LEFT JOIN {parent} AS parent ON {same} WHERE {given} AND parent.tenant_id IS NULL",
    )


def _known_in_the_future(table: Table) -> Check:
    return Check(
        f"known_in_the_future:{table.name}",
        f"Rows of {table.name} that say they will be known later than now.",
        Severity.ERROR,
        "Correct known_at: until then no figure as of today has them.",
        f"SELECT {_example(table, 'fact')} AS example FROM {table.name} AS fact WHERE known_at > now()",  # noqa: S608 -- names of ours
    )


def _unknown_import(table: Table) -> Check:
    return Check(
        f"unknown_import:{table.name}",
        f"Rows of {table.name} from an import that has no receipt.",
        Severity.ERROR,
        "Find out who wrote them: they cannot be taken back by undoing an import.",
        f"SELECT {_example(table, 'fact')} AS example FROM {table.name} AS fact"  # noqa: S608 -- names of ours
        " LEFT JOIN imports ON fact.tenant_id = imports.tenant_id AND fact.import_id = imports.import_id"
        " WHERE fact.import_id IS NOT NULL AND imports.tenant_id IS NULL",
    )


def _versions_overlap(table: Table) -> Check:
    """Compose the check of histories; a version that was current for no time at all overlaps nothing."""
    key = _key(table)
    columns, history = ", ".join(["tenant_id", *key]), f"{table.name}{HISTORY_SUFFIX}"
    return Check(
        f"versions_overlap:{table.name}",
        f"Rows of {table.name} of which two versions were current at one instant.",
        Severity.WARNING,
        "See which import or hand wrote them: figures as of that instant count both.",
        f"WITH versions AS ("  # noqa: S608 -- names of ours
        f"SELECT {columns}, known_at, superseded_at FROM {history} WHERE superseded_at > known_at"
        f" UNION ALL SELECT {columns}, known_at, 'infinity' FROM {table.name}"
        f" WHERE ({columns}) IN (SELECT {columns} FROM {history})), "
        "followed AS (SELECT *, lead(known_at) OVER ("
        f"PARTITION BY {columns} ORDER BY known_at, superseded_at) AS next_at FROM versions) "
        f"SELECT {_example(table, 'followed')} AS example FROM followed WHERE next_at < superseded_at",
    )


def _source_record(table: str) -> Check:
    column = ENTITIES[table]
    return Check(
        f"source_record_of_nothing:{table}",
        f"Records of a source that stand for a row of {table} which is not there.",
        Severity.ERROR,
        "Take back the import that deleted it, or bring the source's record in again.",
        f"SELECT concat_ws('/', record.source, record.record_type, record.source_id) AS example"  # noqa: S608 -- names of ours
        f" FROM source_records AS record LEFT JOIN {table} AS entity"
        f" ON record.tenant_id = entity.tenant_id AND record.entity_id = entity.{column}"
        f" WHERE record.entity_type = '{table}' AND record.entity_id IS NOT NULL"
        " AND entity.tenant_id IS NULL",
    )


def _unknown_entities() -> Check:
    known = ", ".join(f"'{name}'" for name in ENTITIES)
    return Check(
        "source_record_of_no_table",
        "Records of a source that stand for a row of a table which Rollbook does not have.",
        Severity.WARNING,
        "Bring the source's record in again with this release.",
        f"SELECT concat_ws('/', source, record_type, source_id, entity_type) AS example FROM source_records"  # noqa: S608 -- names of ours
        f" WHERE entity_type NOT IN ('', {known}) AND entity_id IS NOT NULL",
    )


def _key(table: Table) -> Sequence[str]:
    return [column.name for column in table.primary_key.columns if column.name != "tenant_id"]


def _example(table: Table, alias: str) -> str:
    """Return the SQL that makes an example of a row: its key, which is ids, days and codes."""
    return f"concat_ws('/', {', '.join(f'{alias}.{name}' for name in _key(table)) or alias + '.tenant_id'})"
