"""CSV files into a tenant of a test's own, and what its tables then say, in the words of the kinds."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, select

from places import OwnTenant
from rollbook.core.encryption import Column, sealed_columns
from rollbook.core.tenancy import find_tenant
from rollbook.exchange.csv_files.format import CsvFormat
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.intake.kinds import Kind, Part
from rollbook.intake.outcome import Outcome
from rollbook.intake.pipeline import Request, run_import


def csv_text(*rows: Mapping[str, Any]) -> str:
    """Return rows as CSV; the first one names the columns."""
    written = StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def example(kind: Kind, **changes: str) -> dict[str, str]:
    """Return the line of the kind's template."""
    return {one.name: one.example for one in kind.fields} | changes


STUDENTS = "student_number,last_name\n1,Byron\n2,Hopper\n3,Noether\n4,Curie\n"
SCHOOLS = "school_code,name,school_type\nOAK,Oak,high\nELM,Elm,middle\n"
ENROLLED = "student_number,school_code,school_year,entry_on\n" + "".join(
    f"{number},OAK,2026,2025-09-01\n" for number in (1, 2, 3, 4)
)
MARKS = "student_number,date,status\n1,2025-09-01,present\n1,2025-09-02,absent\n2,2025-09-01,tardy\n"
ATTENDANCE = "SELECT student_number, date::text, period, status, minutes_late FROM attendance_records"
ATTENDANCE += " JOIN students USING (tenant_id, student_id) ORDER BY 1, 2, 3"

# What the examples refer to and no example is.
BEFORE = {"prerequisites": ("courses", "course_code,title\nMATH8,Mathematics 8\n")}


@dataclass(frozen=True)
class Place(OwnTenant):
    """A tenant that CSV files are imported into."""

    url: str
    folder: Path
    slug: str = "oak-valley"

    def bring(
        self,
        kind: str,
        content: str | bytes | Path,
        csv_map: CsvMap | None = None,
        *,
        form: Mapping[str, Any] | None = None,
        **request: Any,  # noqa: ANN401 -- as Request's
    ) -> Outcome:
        path = content if isinstance(content, Path) else self.folder / f"{kind}.csv"
        if not isinstance(content, Path):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        made = CsvFormat(KINDS[kind], csv_map or CsvMap(), path.name.removesuffix(".gz"), **(form or {}))
        given = {"tenant": self.slug, "source": "csv", "who": "ada", "new_tenant": True, **request}
        return run_import(self.url, path, made, Request(**given))

    def bring_examples(self, *, until: str | None = None) -> None:
        """Bring in the templates of all kinds, or of those before ``until``."""
        for name, kind in KINDS.items():
            if name == until:
                return
            if name in BEFORE:
                self.bring(*BEFORE[name])
            self.bring(name, csv_text(example(kind)))

    def told(self, kind: Kind) -> list[dict[str, Any]]:
        """Return what the tables say, as lines of the kind: codes instead of ids."""
        with self.session() as db:
            tenant_id = find_tenant(db, self.slug).tenant_id
            rows = [opened(kind, tenant_id, dict(row)) for row in db.execute(told(kind)).mappings()]
        return sorted(rows, key=repr)


def told(kind: Kind) -> Select[Any]:
    """Select a kind's lines from the tables that it is written to."""
    source: FromClause = kind.parts[0].table
    for part in kind.parts[1:]:
        source = source.outerjoin(part.table, _belongs(part, kind.parts[: kind.parts.index(part)]))
    columns: dict[str, Any] = {}
    for part in kind.parts:
        for column, name in part.columns.items():
            if name in kind.by_name:
                columns.setdefault(name, part.table.c[column])
            else:
                source = _looked_up(kind, part, column, name, source, columns)
    ids = [part.table.c[part.entity].label(f"id_{part.entity}") for part in kind.parts if part.entity]
    return select(*ids, *(value.label(name) for name, value in columns.items())).select_from(source)


def opened(kind: Kind, tenant_id: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a line without ids, and with what encrypted columns say."""
    for part in kind.parts:
        if part.entity and (row_id := row.pop(f"id_{part.entity}")):
            for name in set(sealed_columns(part.table)) & row.keys():
                row[name] = Column(tenant_id, part.table.name, name).open(row_id, row[name])
    return row


def _belongs(part: Part, before: Sequence[Part]) -> ColumnElement[bool]:
    ids = [(other.table, name) for other in before for name in (other.entity, *other.key)]
    shared = {name: table for table, name in ids if name and name in part.key and name.endswith("_id")}
    return and_(*(table.c[name] == part.table.c[name] for name, table in shared.items()))


def _looked_up(  # noqa: PLR0913, PLR0917 -- all that is known so far
    kind: Kind, part: Part, column: str, name: str, source: FromClause, columns: dict[str, Any]
) -> FromClause:
    lookups = {one.name: one for one in kind.lookups}
    one = lookups[name]
    if any(other.table is one.table and other.entity for other in kind.parts) and one.table is not part.table:
        return source
    pending = [(one, part.table.c[column])]
    while pending:
        one, id_ = pending.pop()
        there = one.table.alias()
        source = source.outerjoin(there, there.c[one.id_column] == id_)
        for key, said in one.by.items():
            if said in lookups:
                pending.append((lookups[said], there.c[key]))
            else:
                columns.setdefault(said, there.c[key])
    return source


def counts(outcome: Outcome) -> dict[str, tuple[int, int, int]]:
    return {table.table: (table.new, table.changed, table.unchanged) for table in outcome.tables}


def reasons(outcome: Outcome) -> list[tuple[int, str | None, str]]:
    return [(reject.line, reject.column, reject.reason) for reject in outcome.rejects]
