"""What the archive has about a student, for the record: that is handed out whole, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from rollbook.core.errors import RollbookError, Unavailable
from rollbook.ops.archive.finding import rows_with
from rollbook.ops.archive.store import store_of
from rollbook.privacy.about import Subject, account_of
from rollbook.privacy.archiving import PEOPLE
from rollbook.privacy.doomed import SQL

_IS_STUDENTS: Final = "students"


class RecordIncomplete(Unavailable):
    """Months of {table} lie in the archive and cannot be read now ({why}). Nothing was handed out.

    `rollbook archive list` and `rollbook health --deep` say what to do.
    """


def archived_rows(db: Session, table: str, subject: Subject) -> Sequence[Mapping[str, Any]]:
    """Return the rows about the student that left the database for the archive, the oldest first.

    Raises: ``RecordIncomplete``.
    """
    if table not in PEOPLE:
        return []
    on_their_way = [month for month in db.scalars(SQL["half_archived"]) if month.split()[0] == table]
    if on_their_way:
        raise RecordIncomplete(table=table, why=f"half taken out: {', '.join(on_their_way)}")
    accounts = set(db.scalars(account_of(subject)))
    wanted = {
        column: {subject.student_id} if people == _IS_STUDENTS else accounts
        for column, people in PEOPLE[table].items()
    }
    try:
        return list(rows_with(db, store_of(), table, wanted))
    except RollbookError as error:
        # what it says names folders, which are no family's business
        raise RecordIncomplete(table=table, why=error.code) from error
