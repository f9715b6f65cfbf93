"""Which of our rows are a source's, and whether a bundle tells of all of them: so it is known what leaves."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Table, and_, column, exists, func, literal, select, table

from rollbook.curriculum.models import Section
from rollbook.exchange.oneroster.mapping import day_of
from rollbook.exchange.oneroster.staging import Bundle
from rollbook.intake.format import Run
from rollbook.intake.models import SourceRecord
from rollbook.intake.target import Completeness, Target, table_of

RECORDS = table_of(SourceRecord)


class Scope:
    """One bundle's. A table is complete where the file that tells of it is."""

    def __init__(self, run: Run, bundle: Bundle) -> None:
        self.source, self.bundle = run.source, bundle
        self.today = literal(day_of(run), Date)

    def complete(self, record_type: str) -> Completeness:
        """Say whether the file tells of all there is."""
        return Completeness.BULK if self.bundle.is_bulk(record_type) else Completeness.DELTA

    def named(self, record_type: str, entity_type: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Say that the source names the entity with this key."""
        record = RECORDS.alias("record")
        ids = select(record.c.entity_id).where(
            record.c.source == self.source,
            record.c.record_type == record_type,
            record.c.entity_type == entity_type,
        )
        return key.in_(ids)

    def entity(
        self,
        rows: Table,
        record_type: str,
        compared: Sequence[str],
        *,
        inserted: Sequence[str] = (),
        goes_on: ColumnElement[bool] | None = None,
    ) -> Target:
        """Return the target of records that others refer to: those that leave stay, and are counted."""
        (key,) = [name.name for name in rows.primary_key.columns if name.name != "tenant_id"]
        scope = self.named(record_type, rows.name, rows.c[key])
        return Target(
            table=rows,
            incoming=f"incoming_{rows.name}",
            file=f"{record_type}.csv",
            key=(key,),
            compared=tuple(compared),
            inserted=tuple(inserted),
            completeness=self.complete(record_type),
            scope=scope if goes_on is None else and_(scope, goes_on),
            has_known_at=True,
            is_unique=True,
        )

    def in_running_class(self, rows: Table) -> ColumnElement[bool]:
        """Say that a row is about one of the source's classes that goes on: none withdraws from another."""
        sections = table_of(Section)
        running = select(sections.c.section_id).where(sections.c.ends_on >= self.today)
        return and_(rows.c.section_id.in_(running), self.named("classes", "sections", rows.c.section_id))

    def stays_graded(self, work: Table, marks: Table) -> ColumnElement[bool]:
        """Say that a grade for the work stays behind: one that is not the source's, or not told of here."""
        mark = marks.alias("mark")
        stays = (
            mark.c.source_id.is_(None) if self.bundle.is_bulk("results") else mark.c.tenant_id.is_not(None)
        )
        graded = select(literal(1)).where(mark.c.assignment_id == work.c.assignment_id, stays)
        return exists(graded).correlate(work)


def until_next_stay(stays: Table, today: ColumnElement[date]) -> ColumnElement[date]:
    """Return the day on which a stay ends that the drop does not have: today, or when the next one began."""
    names = ("student_id", "entry_on", "is_primary", "is_gone")
    later = table("incoming_student_school_enrollments", *map(column, names)).alias("later")
    next_on = (
        select(func.min(later.c.entry_on))
        .where(
            later.c.student_id == stays.c.student_id,
            later.c.entry_on >= stays.c.entry_on,
            later.c.is_primary,
            ~later.c.is_gone,
        )
        .correlate(stays)
        .scalar_subquery()
    )
    return func.greatest(stays.c.entry_on, func.least(today, next_on, type_=Date()), type_=Date())
