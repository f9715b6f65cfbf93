"""Look over the months: are the next ones there, is one half taken out, are the archive's files there?"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.checks import Checked, State, fine
from rollbook.ops.archive import catalog
from rollbook.ops.archive.columns import SQL as ROWS
from rollbook.ops.archive.partitions import SQL, add_months, find_months
from rollbook.ops.archive.store import Store

_LONG: Final = timedelta(days=1)
_SHOWN: Final = 3
_NOTHING: Final = "Nothing is in the archive."


def look_over(owner_url: str, store: Store) -> list[Checked]:
    """Return what is found. Writes nothing; files are looked at by their size, not read."""
    with catalog.owner(owner_url) as db:
        found = [_ahead(db), _detached(db), *_trash(db)]
    return [*found, _files(owner_url, store), *_strangers(owner_url, store)]


def _ahead(db: Session) -> Checked:
    """Say whether the next month is there, of every table that has this one: which is written to."""
    today = clock.now().date()
    now, following = add_months(today, 0), add_months(today, 1)
    months: dict[str, set[date | None]] = {}
    for one in find_months(db):
        months.setdefault(one.table_name, set()).add(one.first_day)
    lacking = sorted(table for table, there in months.items() if now in there and following not in there)
    if not lacking:
        return fine("months", "The next month is there for every table that has this one.")
    return Checked(
        "months",
        State.WARNING,
        f"{_listed(lacking)} lack the next month: whoever writes first has to make it.",
        "rollbook archive ahead, every day.",
    )


def _detached(db: Session) -> Checked:
    left = [f"{row.table_name} {row.month:%Y-%m}" for row in db.execute(SQL["detached"])]
    if not left:
        return fine("detached", "No month is left half taken out.")
    return Checked(
        "detached",
        State.WARNING,
        f"{_listed(left)}: taken out of the table, not in the archive yet, and not to be seen meanwhile.",
        "rollbook archive run --yes",
    )


def _trash(db: Session) -> Iterator[Checked]:
    old = [row.file for row in db.execute(ROWS["trash"]) if row.since < clock.now() - _LONG]
    if old:
        yield Checked(
            "archive-trash",
            State.WARNING,
            f"{len(old):,} files of the archive are to be removed, and were not.",
            "rollbook archive forget",
        )


def _files(owner_url: str, store: Store) -> Checked:
    lost = [one.file for one in catalog.missing(owner_url, store)]
    if not lost:
        count = len(catalog.every(owner_url))
        return fine("archive", f"Files of the archive, all there: {count:,}." if count else _NOTHING)
    return Checked(
        "archive",
        State.WRONG,
        f"{len(lost):,} files of the archive are missing or cut off: {_listed(lost)}.",
        f"Put them back into {store.folder} from a copy of it; or, if the database was restored to an earlier"
        " hour: rollbook archive adopt",
    )


def _strangers(owner_url: str, store: Store) -> Iterator[Checked]:
    """Look for files that hold rows, and that no erasure reaches, since nobody here knows of them."""
    found = catalog.strangers(owner_url, store)
    if found:
        yield Checked(
            "archive-strangers",
            State.WARNING,
            f"{len(found):,} files in {store.folder} are unknown to this database, as after it was restored"
            f" to an earlier hour: {_listed(found)}. No erasure reaches them.",
            "rollbook archive adopt, where files are missing; then remove them, unless another database keeps"
            " its archive there.",
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
