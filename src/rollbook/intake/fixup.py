"""Rejected lines as CSV files to be fixed: their columns as they came, and before them where and why."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from rollbook.core.errors import Conflict, NotFound
from rollbook.intake.cells import guarded
from rollbook.intake.models import Import
from rollbook.intake.quarantine import SQL
from rollbook.intake.rejects import REST
from rollbook.intake.stage import FIX_UP_COLUMNS

_ROWS_AT_ONCE: Final = 1000
_PRIVATE: Final = 0o600


class NoRejects(NotFound):
    """No rejected rows of import {import_id} wait to be fixed."""


class SeveralFiles(Conflict):
    """Rows of {files} were rejected: give a folder that is not there yet instead of one file."""


@dataclass(frozen=True, slots=True)
class FixUp:
    """A file of rejected lines that was written."""

    file: str
    path: Path
    rows: int


def export_rejects(db: Session, receipt: Import, path: Path) -> Sequence[FixUp]:
    """Write the rejects of an import to the folder ``path``, a file for each of its files.

    If only one of them has rejects, ``path`` may be a .csv. Nobody but the files' owner may read them.
    Raises: ``NoRejects``; ``SeveralFiles``.
    """
    facts = {"import_id": receipt.import_id}
    files = [row.file for row in db.execute(SQL["files_with_rejects"], facts)]
    if not files:
        raise NoRejects(**facts)
    if path.suffix == ".csv" or path.is_file():
        if len(files) > 1:
            raise SeveralFiles(files=", ".join(files))
        return [_write(db, receipt, files[0], path)]
    path.mkdir(exist_ok=True)
    return [_write(db, receipt, file, path / file) for file in files]


def _write(db: Session, receipt: Import, file: str, path: Path) -> FixUp:
    columns = _columns(receipt, file)
    facts = {"import_id": receipt.import_id, "file": file}
    rows = 0
    path.touch(_PRIVATE)
    path.chmod(_PRIVATE)
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*FIX_UP_COLUMNS, *columns])
        # by a cursor of the server's: a million rows do not fit
        for row in db.execute(SQL["rejected_lines"], facts, execution_options={"yield_per": _ROWS_AT_ONCE}):
            place = (receipt.import_id, row.line, row.columns or "", row.reasons, row.fields.get(REST, ""))
            values = (row.fields.get(staged) or "" for staged in columns.values())
            writer.writerow([*(guarded(str(value)) for value in place), *map(guarded, values)])
            rows += 1
    return FixUp(file, path, rows)


def _columns(receipt: Import, file: str) -> Mapping[str, str]:
    """Return what each column of the file, in its order, is called in a reject's fields."""
    told: dict[str, Any] = next((one for one in receipt.files if one["file"] == file), {"columns": []})
    return {name: staged for name, staged in told["columns"] if staged not in FIX_UP_COLUMNS}
