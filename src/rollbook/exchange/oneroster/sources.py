"""What a source has told us so far: which of our rows it names, and which of the relations are its own."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, exists, literal, select

from rollbook.intake.models import Import, SourceRecord
from rollbook.intake.target import table_of

KEY: Final = "oneroster"
_RECORDS: Final = table_of(SourceRecord)
_IMPORTS: Final = table_of(Import)


def ids_named(source: str, record_type: str, entity_type: str) -> Select[tuple[UUID | None]]:
    """Return the keys of the entities that the source names."""
    record = _RECORDS.alias("record")
    return select(record.c.entity_id).where(
        record.c.source == source,
        record.c.record_type == record_type,
        record.c.entity_type == entity_type,
    )


def told_by(source: str, rows: Table) -> ColumnElement[bool]:
    """Say that a relation has an id and is no other source's, for whom alone that one's files are complete.

    What a hand has changed since is the source's still.
    """
    other = _IMPORTS.alias("other")
    told_elsewhere: Select[Any] = select(literal(1)).where(
        other.c.import_id == rows.c.import_id, other.c.format_key == KEY, other.c.source != source
    )
    return and_(rows.c.source_id.is_not(None), ~exists(told_elsewhere).correlate(rows))
