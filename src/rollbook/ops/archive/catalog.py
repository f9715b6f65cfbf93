"""What the archive has, by tenant, and the files that it no longer needs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, transaction
from rollbook.ops.archive.columns import SQL
from rollbook.ops.archive.errors import NothingArchived
from rollbook.ops.archive.files import Place
from rollbook.ops.archive.store import Store


@dataclass(frozen=True, slots=True)
class Archived:
    """A month of a tenant's table that is in the archive."""

    tenant_id: int
    table_name: str
    month: date
    file: str
    row_count: int
    checksum: str
    sha256: str
    size_bytes: int
    key_id: str
    last_import_id: int | None = None
    last_hand_at: datetime | None = None
    written_at: datetime | None = None

    @property
    def place(self) -> Place:
        """What its file is bound to."""
        file_id = PurePath(self.file).stem.rpartition("-")[2]
        return Place(self.tenant_id, self.table_name, self.month, file_id, self.key_id)


@contextmanager
def owner(owner_url: str) -> Iterator[Session]:
    """Run the block in a transaction of the owner's role that sees no tenant's rows."""
    with Session(engine_for(owner_url, statement_timeout_s=0)) as db, db.begin():
        yield db


@contextmanager
def owner_in(owner_url: str, tenant_id: int) -> Iterator[Session]:
    """Run the block in a transaction of the owner's role that sees a tenant's rows."""
    with transaction(engine_for(owner_url, statement_timeout_s=0), Visibility(tenant_id)) as db:
        yield db


def find(db: Session, table: str | None = None, month: date | None = None) -> list[Archived]:
    """Return what the archive has of the tenant in sight."""
    asked = {"table_name": table, "month": month}
    return [Archived(**row) for row in db.execute(SQL["archives"], asked).mappings()]


def find_one(db: Session, table: str, month: date) -> Archived:
    """Return a month of a table.

    Raises: ``NothingArchived``.
    """
    for found in find(db, table, month):
        return found
    raise NothingArchived(table=table, month=f"{month:%Y-%m}")


def every(owner_url: str) -> list[Archived]:
    """Return what the archive has of all tenants."""
    with owner(owner_url) as db:
        tenants = list(db.scalars(SQL["tenants"]))
    found: list[Archived] = []
    for tenant_id in tenants:
        with owner_in(owner_url, tenant_id) as db:
            found += find(db)
    return found


def keep(db: Session, new: Archived) -> None:
    """Have the archive's file from now on, in ``db``'s transaction."""
    values = asdict(new)
    values.pop("written_at")
    db.execute(SQL["keep_archive"], values)
    db.execute(SQL["keep_file"], {"file": new.file})


def drop(db: Session, old: Archived) -> None:
    """Have it no more; its file goes with the trash."""
    key = {"tenant_id": old.tenant_id, "table_name": old.table_name, "month": old.month}
    db.execute(SQL["drop_archive"], key)
    throw_away(db, old.file)


def throw_away(db: Session, file: str) -> None:
    """Have a file removed, once the transaction is committed."""
    db.execute(SQL["throw_away"], {"file": file})


def missing(owner_url: str, store: Store) -> list[Archived]:
    """Return what the archive should have, and whose file is not there, or cut off."""
    return [one for one in every(owner_url) if not store.has(one.file, one.size_bytes)]


def sweep(owner_url: str, store: Store) -> None:
    """Remove the files that nothing refers to: of runs that were killed, and those that were replaced.

    Not those of a month whose own file is missing: where the database was restored to an earlier hour, one of
    them may have taken its place (``adopting``).
    """
    with owner(owner_url) as db:
        files = [row.file for row in db.execute(SQL["trash"])]
    needed = {month_of(one.file) for one in missing(owner_url, store)}
    for file in files:
        if month_of(file) in needed:
            continue
        store.remove(file)
        with owner(owner_url) as db:
            db.execute(SQL["keep_file"], {"file": file})


def month_of(file: str) -> str:
    """Return the table and month that a file's name says."""
    return file.rpartition("-")[0]


def strangers(owner_url: str, store: Store) -> list[str]:
    """Return the files in the folder that this database does not know, not even as trash."""
    with owner(owner_url) as db:
        known = {row.file for row in db.execute(SQL["trash"])}
    known |= {one.file for one in every(owner_url)}
    return [file for file in store.files() if file not in known]


def note(db: Session, what: Archived, command: str) -> None:
    """Note for the audit that rows were taken out of a table, or brought back, whole months at once."""
    changes: list[dict[str, Any]] = [{"months": [f"{what.month:%Y-%m}"], "file": what.file}]
    facts = {"tenant_id": what.tenant_id, "table_name": what.table_name, "row_count": what.row_count}
    db.execute(SQL["note"], facts | {"command": command, "changes": json.dumps(changes)})
