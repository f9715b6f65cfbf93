"""Every temporary table of an import and of an export, empty: for tests of their queries."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.exchange.oneroster import mapping
from rollbook.exchange.oneroster.export import IDS, IDS_IN_ORDER
from rollbook.exchange.oneroster.faults import MAKE
from rollbook.exchange.oneroster.mapping import GRADEBOOK, IDENTITY, PEOPLE, PLACES, STRUCTURE, make
from rollbook.exchange.oneroster.records import SQL as RECORDS
from rollbook.exchange.oneroster.staging import layout_of
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.stage import stage_nothing


def make_tables(db: Session) -> None:
    """Make them in the order in which they need each other."""
    for table in TABLES.values():
        stage_nothing(db, layout_of(table))
        db.execute(text(f"ALTER TABLE {table.stage} ADD COLUMN extension jsonb"))
    db.execute(MAKE)
    make(db, IDENTITY, ("run", "files", *mapping.WHO, *mapping.MARKS, "shared"))
    make(db, STRUCTURE, mapping.SCHOOLS_AND_CLASSES)
    make(db, PEOPLE, mapping.USERS)
    make(db, PLACES, mapping.IN_PLACES)
    make(db, GRADEBOOK, mapping.MARKED)
    db.execute(RECORDS["make_incoming_source_records"])
    make(db, IDS, ("export", *IDS_IN_ORDER))
